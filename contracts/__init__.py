"""What every station agrees on: the events, the lake's layout, its records and its one door.

Contracts import no station; stations meet through data and through this package alone.
"""
