"""Listeners who play, browse and log in: simulated events, to Kafka or to files.

Stages, in order: `config` → `machine` (pages) and `rhythm` (times) → `listeners` → `sessions`
(the walk) → `player` → `topics` (rows of JSON) → `faults` → `sinks`; `run` drives them.
"""
