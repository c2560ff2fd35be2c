"""The pages and their addresses."""

from __future__ import annotations

from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from fhir_adapter.viewer import wording
from fhir_adapter.viewer.charts import control_chart
from fhir_adapter.viewer.overview import Published, all_indicators, one_indicator

CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def viewer_routes(published: Published) -> list[BaseRoute]:
    """Overview at `/`, one page an indicator, and the style sheet; nothing here writes."""
    templates = _templates()

    def overview(_: Request) -> Response:
        indicators = all_indicators(published)
        return _page(templates, "overview.html", indicators=indicators)

    def indicator(request: Request) -> Response:
        view = one_indicator(published, request.path_params["indicator"])
        if view is None:
            return _page(templates, "not_found.html", status=404)
        points = () if view.charted is None else view.charted.series
        chart = control_chart(points, view.scale, title=f"{view.title}, {view.place}")
        return _page(templates, "indicator.html", view=view, points=points, chart=chart)

    style = StaticFiles(directory=str(resources.files("fhir_adapter.viewer") / "static"))
    return [
        Route("/", overview),
        Route("/indicator/{indicator}", indicator),
        Mount("/static", style),
    ]


def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("fhir_adapter.viewer"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["words"] = wording
    return environment


def _page(templates: Environment, name: str, *, status: int = 200, **values: object) -> Response:
    headers = {"Content-Security-Policy": CONTENT_POLICY}
    return HTMLResponse(templates.get_template(name).render(**values), status, headers=headers)
