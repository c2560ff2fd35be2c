"""Servers on a loopback port, for the length of a block."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import uvicorn

from fhir_adapter import wiring
from fhir_adapter.settings import read_settings
from tests.worlds import Perinatal

HOST = "127.0.0.1"


@contextmanager
def served(perinatal: Perinatal) -> Iterator[str]:
    """Base of the service over the store of `perinatal`, as `perinatal serve` would serve it."""
    listening = socket.create_server((HOST, 0))  # requests wait here until the server takes them
    base = f"http://{HOST}:{listening.getsockname()[1]}"
    with mock.patch.dict(os.environ, perinatal.environment(**in_folder(perinatal)), clear=True):
        settings = read_settings(base_url=base)
    with wiring.opened_store(settings) as store:
        app = wiring.app_of(settings, store)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield base
        finally:
            server.should_exit = True
            thread.join()


def in_folder(perinatal: Perinatal) -> dict[str, str]:
    """Settings with every path from the root: the folder of the command is not the folder of the server."""
    url = perinatal.settings.get("database_url", "sqlite:///perinatal.db")
    path = url.removeprefix("sqlite:///")
    folder = perinatal.folder
    return {
        "database_url": url if path == url else f"sqlite:///{folder / path}",
        "key_file": str(folder / perinatal.settings.get("key_file", "perinatal.key")),
        "snapshot_folder": str(folder / perinatal.settings.get("snapshot_folder", "perinatal-snapshot")),
    }


@contextmanager
def receiving() -> Iterator[str]:
    """Base of a FHIR server that takes whatever is PUT."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 the name of the base class
            """Say nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}/fhir"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
