"""The stations on one machine: the demo, which runs them once, and the live platform.

It is no station: it starts them as processes, as their users would, and imports none.
"""
