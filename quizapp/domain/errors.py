"""What can go wrong, in the words of the domain. `web/errors.py` turns each into a status and a page."""


class FascicleError(Exception):
    """Base of every refusal. The message is a sentence for the person who reads it."""


class NotFound(FascicleError):  # noqa: N818 - reads as the statement it is
    """There is no such thing, or none that this person may know of."""


class Forbidden(FascicleError):  # noqa: N818
    """The person may know of it but not do this."""


class Refused(FascicleError):  # noqa: N818
    """A rule says no; the message names the rule and what opens the way."""


class Invalid(FascicleError):  # noqa: N818
    """The input cannot be understood."""


class StorageUnavailable(FascicleError):  # noqa: N818
    """The database is full, locked or gone: nothing was stored, and trying again is right."""
