"""What goes wrong when a view meets a resource."""

from __future__ import annotations


class ViewFault(ValueError):
    """A resource to which a view cannot be applied; the message holds no value of the resource."""
