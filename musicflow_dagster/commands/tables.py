"""Plain tables on the console."""

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Aligned columns: numbers to the right with thousands, all else to the left.

    >>> print(table(["event", "rows"], [["listens", 1200]]))
    event     rows
    listens  1,200
    """
    written = [[_written(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *written, strict=True)]
    numeric = [all(isinstance(row[i], int) for row in rows) for i in range(len(header))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in [list(header), *written]
    )


def _written(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
