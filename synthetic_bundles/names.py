"""Names of invented syllables: nobody bears them on purpose."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Texts

FIRST_SYLLABLES = np.array(["Zor", "Vex", "Quil", "Dax", "Brun", "Yith", "Plim", "Tarv", "Gond", "Hesk", "Wob", "Nurl"])
MIDDLE_SYLLABLES = np.array(["a", "ima", "ole", "uni", "ero", "idu", "oxa", "ulti"])
LAST_SYLLABLES = np.array(["bex", "dorn", "quist", "vane", "zell", "mork", "phin", "trup", "gax", "lond"])


def draw_names(random: np.random.Generator, people: int) -> Texts:
    """One invented name a person, shape (people,)."""
    name = np.char.add(random.choice(FIRST_SYLLABLES, people), random.choice(MIDDLE_SYLLABLES, people))
    return np.char.add(name, random.choice(LAST_SYLLABLES, people))
