"""Numbers with their nouns, for people."""


def counted(number: int, noun: str) -> str:
    """1 line, 1,200 lines"""
    return f"{number:,} {noun if number == 1 else f'{noun}s'}"
