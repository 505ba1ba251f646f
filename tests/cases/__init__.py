"""The op cases, one module for each family of ops; tests/op_cases.py is the list."""
