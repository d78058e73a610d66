"""The errors people see: each message says what happened and what to do.

MusicFlowError
├── ConfigurationError   a setting, an option or an input file is wrong
├── UnavailableError     a broker, port, tool or disk is not there; trying again may help
├── LakeError            a record of the lake is missing, unreadable or contradicts another
│   └── ConflictError    another writer has taken this writer's place
└── ReconciliationError  numbers that must be equal are not
"""


class MusicFlowError(Exception):
    """What every command turns into one clear line and an exit code that is not 0."""


class ConfigurationError(MusicFlowError):
    """A setting, an option or an input file is wrong; nothing was started."""


class UnavailableError(MusicFlowError):
    """Something outside is not there now: a broker, a port, Java, room on the disk."""


class LakeError(MusicFlowError):
    """A record of the lake is missing, unreadable, or contradicts another."""


class ConflictError(LakeError):
    """Another writer has taken this writer's place; this one must stop."""


class ReconciliationError(MusicFlowError):
    """Numbers that must be equal are not: rows were lost or doubled."""
