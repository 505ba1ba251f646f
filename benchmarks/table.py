"""What is made of the times: the fastest peer, ratios, whether targets are met, and the lines of the tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .kernels import CLASS_COLUMNS, Target
from .peak import Peak
from .timing import duration, rate

OURS = "fastnn"
YARDSTICK = "numpy"  # shown, but no peer of the targets unless one names it
LABEL = 24
KERNEL_LABEL = 58
STEP_HEAD = (
    f"{'':<{LABEL}}{'fastnn':>10}  {'fastest peer':<36}{'ratio':>7}  {'aim':<27}{'met':<4}{'peak':>6}"
    f"{'overhead':>14}  recorded, in"
)
KERNEL_HEAD = (
    f"{'':<{KERNEL_LABEL}}{'fastnn':>10}{'':>15}  {'fastest peer':<32}{'x':>6}{'must':>6}{'aim':>6}  {'met':<6}"
    f"{'peak':>6}"
)


@dataclass(frozen=True)
class Aim:
    """At most `limit` times the fastest peer's time, or that of the library `against`; or `limit` seconds."""

    limit: float
    against: str | None = None
    absolute: bool = False

    def __str__(self) -> str:
        if self.absolute:
            return duration(self.limit)
        return f"{self.limit:g}x" + (f" {self.against}" if self.against else "")


@dataclass(frozen=True)
class Was:
    """What an earlier run found of a row: fastnn's time over the fastest peer's, if there was one, and fastnn's."""

    ratio: float | None
    seconds: float


def fastest(seconds: Mapping[str, float], against: str | None = None, beside: str = YARDSTICK) -> str | None:
    """The column of the fastest peer, or the fastest column of one library; `beside` names one that is no peer. Columns
    of less accurate classes are none."""

    def counts(column: str) -> bool:
        library = column.partition("-")[0]
        if column in CLASS_COLUMNS:
            return False
        return library == against if against else library not in (OURS, beside)

    return min((column for column in seconds if counts(column)), key=lambda column: seconds[column], default=None)


def ratio(seconds: Mapping[str, float], against: str | None = None) -> float | None:
    """fastnn's time over the fastest peer's."""
    peer = fastest(seconds, against)
    return seconds[OURS] / seconds[peer] if peer is not None and OURS in seconds else None


def met(aims: Sequence[Aim], seconds: Mapping[str, float]) -> bool | None:
    """Whether all aims are met; None when one can't be judged."""
    found: list[bool | None] = []
    for aim in aims:
        value = seconds.get(OURS) if aim.absolute else ratio(seconds, aim.against)
        found.append(None if value is None else value <= aim.limit)
    if not found or None in found:
        return None
    return all(found)


def overhead_met(seconds: float, step: float) -> bool:
    """At most 15 % of a step of a millisecond or more, at most 25 us of a shorter one."""
    return seconds <= (0.15 * step if step >= 1e-3 else 25e-6)


def overhead_cell(seconds: float | None, step: float | None) -> str:
    if seconds is None or step is None:
        return "-"
    return f"{duration(max(seconds, 0.0))} {yes(overhead_met(seconds, step))}"


def recorded_cell(recorded: bool | None, first: float | None) -> str:
    """Whether it runs as a program, and what the first calls took for that more than calls take."""
    return yes(recorded) if first is None else f"{yes(recorded)}, {duration(first)}"


def yes(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"


def number(value: float | None, form: str = ".2f") -> str:
    return "-" if value is None else f"{value:{form}}"


def disagreement(checks: Mapping[str, float | None]) -> str:
    """A remark when the libraries computed different things."""
    known = {column: value for column, value in checks.items() if value is not None}
    reference = known.get(OURS, next(iter(known.values()), 0.0))
    wrong = [c for c, value in known.items() if not abs(value - reference) <= 1e-3 * max(abs(reference), 1e-3)]
    return f"RESULTS DIFFER: {known}" if wrong else ""


def columns_line(result: Mapping[str, Any]) -> str:
    """Every column's time, and why one has none where that is a failure."""
    words = [f"{column} {duration(taken)}" for column, taken in result["seconds"].items() if column != OURS]
    words += [f"{column} FAILED ({why})" for column, why in result["failed"].items()]
    return "    " + ", ".join(words) if words else ""


def remarks(result: Mapping[str, Any]) -> list[str]:
    lines = [columns_line(result), disagreement(result["check"]), *result["fallback"]]
    return [line if line.startswith(" ") else f"    {line}" for line in lines if line]


def step_lines(result: Mapping[str, Any], aims: Sequence[Aim], peak: Peak | None, was: Was | None) -> list[str]:
    """fastnn beside the fastest peer, then all others."""
    seconds = result["seconds"]
    ours, peer = seconds.get(OURS), fastest(seconds)
    share = peak.share(ours, result["flops"], 0) if peak and ours and result["flops"] else None
    beside = "-" if peer is None else f"{duration(seconds[peer])} {peer}"
    line = (
        f"{result['name']:<{LABEL}}{'-' if ours is None else duration(ours):>10}  {beside:<36}"
        f"{number(ratio(seconds)):>7}  {', '.join(map(str, aims)):<27}{yes(met(aims, seconds)):<4}"
        f"{number(share, '.0%'):>6}{overhead_cell(result['overhead'], ours):>14}  "
        f"{recorded_cell(result['recorded'], result['first'])}"
    )
    return [line + was_cell(was, ours, kernel=False), *remarks(result)]


def kernel_verdict(x: float | None, must: float | None, aim: float | None) -> str:
    """How far a kernel came: "aim", "must", "no", or "-" where nothing is asked or known."""
    if x is None or (must is None and aim is None):
        return "-"
    if aim is not None and x >= aim:
        return "aim"
    if must is None:
        return "no"
    return "must" if x >= must else "no"


def compared_with(seconds: Mapping[str, float], against: str | None = None) -> str | None:
    """The column a kernel is compared with: the fastest peer, NumPy among them, or the one that is named."""
    if against is None:
        return fastest(seconds, beside="")
    return against if against in seconds else None


def times_as_fast(seconds: Mapping[str, float], column: str = OURS, against: str | None = None) -> float | None:
    """x of a kernel: the time of the column it is compared with over that of fastnn's column."""
    peer = compared_with(seconds, against)
    return None if peer is None or column not in seconds else seconds[peer] / seconds[column]


def class_verdicts(seconds: Mapping[str, float], targets: Mapping[str, Target]) -> dict[str, tuple[float, str]]:
    """{class: x and how far it came}, for the accuracy classes that were measured."""
    found = {}
    for name, target in targets.items():
        x = times_as_fast(seconds, f"{OURS}-{name}", target.against)
        if x is not None:
            found[name] = x, kernel_verdict(x, target.must, target.aim)
    return found


def class_lines(seconds: Mapping[str, float], targets: Mapping[str, Target]) -> list[str]:
    """A kernel in the accuracy classes that were measured."""
    lines = []
    for name, (x, verdict) in class_verdicts(seconds, targets).items():
        target, ours = targets[name], seconds[f"{OURS}-{name}"]
        beside = f"{duration(seconds[target.against])} {target.against}" if target.against else ""
        lines.append(
            f"{'    class ' + name:<{KERNEL_LABEL}}{duration(ours):>10}{'':>15}  {beside:<32}{number(x):>6}"
            f"{number(target.must):>6}{number(target.aim):>6}  {verdict}"
        )
    return lines


def was_cell(was: Was | None, seconds: float | None, kernel: bool) -> str:
    """What an earlier run said, and its time of fastnn over this one's."""
    if was is None or seconds is None:
        return ""
    ratio = 1 / was.ratio if kernel and was.ratio else was.ratio
    return f"  (was {number(ratio)}; fastnn {was.seconds / seconds:.2f} times as fast)"


def comparison_line(rows: Sequence[tuple[str, float]]) -> str:
    """How fastnn's times lie to those of an earlier run: then over now, by row."""
    if not rows:
        return "no row is in both runs"
    mean = math.exp(sum(math.log(times) for _, times in rows) / len(rows))
    slower = sorted((times, name) for name, times in rows if times < 1)
    words = "; ".join(f"{times:.2f} {name}" for times, name in slower) or "none"
    return f"{len(rows)} rows, geometric mean {mean:.2f} times as fast; slower than then: {words}"


def kernel_lines(
    result: Mapping[str, Any],
    must: float | None,
    aim: float | None,
    classes: Mapping[str, Target],
    peak: Peak | None,
    was: Was | None,
) -> list[str]:
    seconds = result["seconds"]
    ours, peer, x = seconds.get(OURS), compared_with(seconds), times_as_fast(seconds)
    beside = "-" if peer is None else f"{duration(seconds[peer])} {peer}"
    speed = "" if ours is None else rate(ours, result["flops"], result["bytes"])
    share = peak.share(ours, result["flops"], result["bytes"]) if peak and ours else None
    line = (
        f"{result['name']:<{KERNEL_LABEL}}{'-' if ours is None else duration(ours):>10}{speed:>15}  {beside:<32}"
        f"{number(x):>6}{number(must):>6}{number(aim):>6}  {kernel_verdict(x, must, aim):<6}{number(share, '.0%'):>6}"
    )
    return [line + was_cell(was, ours, kernel=True), *class_lines(seconds, classes), *remarks(result)]


def summary_line(target: Target, xs: Sequence[float], verdicts: Sequence[str]) -> str:
    """One target over all its kernels."""
    if not xs:
        return f"{target.title:<{KERNEL_LABEL}}nothing measured"
    mean = math.exp(sum(map(math.log, xs)) / len(xs))
    words = f"least {min(xs):.2f}, geometric mean {mean:.2f}"
    for what, asked in (("must be", target.mean), ("aim", target.mean_aim)):
        if asked is not None:
            words += f" ({what} {asked:.2f}: {yes(mean >= asked)})"
    good = sum(verdict in ("must", "aim") for verdict in verdicts)
    words += f"; {good} of {len(xs)} as they must be, {verdicts.count('aim')} as aimed"
    return f"{target.title:<{KERNEL_LABEL}}{words}"
