def try_pythons() -> int:
    return 0
