"""Read published reports as a user of fhirpy would; prints one JSON document. Argument: FHIR base."""

import json
import sys

from fhirpy import SyncFHIRClient

client = SyncFHIRClient(sys.argv[1])
wanted = {"measure": "Measure/BF01", "subject": "Location/QSY", "status": "complete"}
search = client.resources("MeasureReport").search(**wanted).sort("-period")
reports = search.limit(10).fetch_all()
newest = search.first()
measure = client.reference("Measure", "BF01").to_resource()
subject = newest.subject.to_resource()
found = {
    "count": search.count(),
    "ids": [report.id for report in reports],
    "newest": {"id": newest.id, "start": newest.period["start"], "end": newest.period["end"]},
    "score": newest.get_by_path(["group", 0, "measureScore", "value"]),
    "measure": measure["url"],
    "subject": subject["identifier"][0]["value"],
}
json.dump(found, sys.stdout)
