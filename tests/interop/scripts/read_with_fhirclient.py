"""Read published reports as a user of SMART's fhirclient would; prints one JSON document. Argument: FHIR base."""

import json
import sys

from fhirclient import client
from fhirclient.models.location import Location
from fhirclient.models.measure import Measure
from fhirclient.models.measurereport import MeasureReport

smart = client.FHIRClient(settings={"app_id": "reader", "api_base": sys.argv[1]})
smart.prepare()
wanted = {
    "measure": "Measure/BF01",
    "subject": "Location/QSY",
    "status": "complete",
    "_sort": "-period",
    "_count": "10",
}
reports = list(MeasureReport.where(wanted).perform_resources_iter(smart.server))
newest = reports[0]
score = newest.group[0].measureScore
found = {
    "count": next(MeasureReport.where(wanted).perform_iter(smart.server)).total,
    "ids": [report.id for report in reports],
    "newest": {
        "id": newest.id,
        "start": newest.period.start.isostring[:10],
        "end": newest.period.end.isostring[:10],
    },
    "score": score.value if score else None,
    "measure": Measure.read("BF01", smart.server).url,
    "subject": newest.subject.resolved(Location).identifier[0].value,
}
json.dump(found, sys.stdout)
