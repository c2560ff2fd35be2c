"""The machine that a bench ran on, as the program itself can read it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

PROCESSORS = Path("/proc/cpuinfo")
OWN_STATUS = Path("/proc/self/status")
LIBRARIES = ("duckdb", "numpy", "orjson", "pandas", "pyarrow", "sqlalchemy")
GIGABYTE = 1e9
KIBIBYTE_IN_MEGABYTES = 1024 / 1e6


def describe_machine() -> dict[str, str | int | float | None]:
    """Processor, cores, memory, system and versions; what cannot be read is None."""
    facts: dict[str, str | int | float | None] = {
        "processor": _field(PROCESSORS, "model name") or platform.processor() or None,
        "cores": os.cpu_count(),
        "memory_gigabytes": _memory_gigabytes(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "load_of_one_minute": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }
    return facts | {name: version(name) for name in LIBRARIES}


def own_peak_megabytes() -> float | None:
    """Most memory that this process has held since it began; None where the system does not tell.

    Read from the status of the process: the figure of getrusage begins with the peak of the parent process.
    """
    peak = _field(OWN_STATUS, "VmHWM")
    return None if peak is None else round(int(peak.split()[0]) * KIBIBYTE_IN_MEGABYTES, 1)


def _memory_gigabytes() -> float | None:
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / GIGABYTE, 1)


def _field(path: Path, name: str) -> str | None:
    """Value of the first line `name: value`."""
    if not path.is_file():
        return None
    lines = path.read_text("utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)
