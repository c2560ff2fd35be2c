"""Print docs/reference/common_model.md: `python -m indicator_engine.tables > docs/reference/common_model.md`."""

import sys

from indicator_engine.tables.reference import render_reference

sys.stdout.write(render_reference())
