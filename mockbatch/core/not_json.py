"""Why a line of a user's file is not JSON, in words that need no knowledge of the parser."""

import json


def reason_of(line: bytes, error: ValueError) -> str:
    """Return the reason, with the column, for an error of `json` or of the codec."""
    return wrong_encoding(line) or _of_parser(error)


def wrong_encoding(line: bytes) -> str:
    """Return where a line is not UTF-8, and what to do about it; empty if it is UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        column = len(line[: error.start].decode(errors="replace")) + 1
        return f"it is not UTF-8 (byte 0x{line[error.start]:02X} at column {column}): save the file as UTF-8"
    return ""


def _of_parser(error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    if error.msg.startswith("Unterminated") or not error.doc[error.pos :].strip():
        return f"unexpected end of data: column {len(error.doc)}" if error.doc.strip() else "it is empty"
    words = "unexpected content after the value" if error.msg == "Extra data" else error.msg[:1].lower() + error.msg[1:]
    return f"{words}: column {error.colno}"
