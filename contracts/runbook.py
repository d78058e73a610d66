"""Where people are sent who are told of something: its entry in the runbook."""

PAGE = "docs/runbook.md"


def see(entry: str) -> str:
    """The address of an entry, in the words of an alert.

    >>> see("stalled")
    '(docs/runbook.md#stalled)'
    """
    return f"({PAGE}#{entry})"
