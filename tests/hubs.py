"""A small server that speaks to the hubs' own libraries: listing, redirect, ranges, etags, and broken connections."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class HubServer:
    """Both hubs at one address: Hugging Face's and ModelScope's paths do not meet.

    ``commits`` are a repository's states by its id, oldest first; ``cuts`` the next downloads that break in the middle;
    ``asked`` the paths of all requests, ``headers`` what came with them.
    """

    def __init__(self) -> None:
        self.commits: dict[str, list[dict[str, bytes]]] = {}
        self.cuts = 0
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                outer.asked.append(f"{self.command} {unquote(self.path)}")
                outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                outer.answer(self)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Say nothing: ModelScope's library hangs up after 0.2 s on a question that is of no matter here."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.cdn = self.url.replace("127.0.0.1", "localhost")
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def downloads(self) -> list[str]:
        """The names of the files that were downloaded, the README left out."""
        return [path.rpartition("/")[2] for path in self.asked if path.startswith("GET /cdn/") and "README" not in path]

    def commit(self, name: str, files: dict[str, bytes]) -> str:
        """A new state of a repository; its commit."""
        self.commits.setdefault(name, []).append(files)
        return self._sha(name, len(self.commits[name]) - 1)

    def _sha(self, name: str, number: int) -> str:
        return hashlib.sha1(f"{name} {number}".encode()).hexdigest()

    def _state(self, name: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        states = self.commits.get(name, [])
        numbers = {self._sha(name, number): number for number in range(len(states))}
        if revision in ("main", "master") and states:
            return self._sha(name, len(states) - 1), states[-1]
        return (revision, states[numbers[revision]]) if revision in numbers else None

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        url = urlsplit(request.path)
        words = unquote(url.path).strip("/").split("/")
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        match words:
            case ["cdn", owner, name, revision, *path]:
                self._content(request, f"{owner}/{name}", revision, "/".join(path))
            case ["api", "v1", "datasets", owner, name, "repo", "tree"]:
                self._modelscope_tree(request, f"{owner}/{name}", query)
            case ["api", "v1", "datasets", owner, name, "repo"]:
                self._to_content(request, f"{owner}/{name}", query["Revision"], query["FilePath"])
            case ["api", "v1", "models", owner, name, "repo", "files"]:
                self._modelscope_tree(request, f"{owner}/{name}", query)
            case ["api", "v1", "models", owner, name, "repo"]:
                self._to_content(request, f"{owner}/{name}", query["Revision"], query["FilePath"])
            case ["api", "datasets", owner, name]:
                self._huggingface_about(request, f"{owner}/{name}", "main")
            case ["api", "datasets", owner, name, "revision", revision]:
                self._huggingface_about(request, f"{owner}/{name}", revision)
            case ["api", "datasets", owner, name, "tree", revision]:
                self._huggingface_tree(request, f"{owner}/{name}", revision)
            case ["datasets", owner, name, "resolve", revision, *path]:
                self._to_content(request, f"{owner}/{name}", revision, "/".join(path))
            case _:
                self._json(request, {"error": "nothing here"}, 404)

    def _huggingface_about(self, request: BaseHTTPRequestHandler, name: str, revision: str) -> None:
        state = self._state(name, revision)
        if state is None:
            code = "RevisionNotFound" if name in self.commits else "RepoNotFound"
            return self._json(request, {"error": code}, 404, {"X-Error-Code": code})
        files = [{"rfilename": path} for path in state[1]]
        self._json(request, {"_id": "1", "id": name, "sha": state[0], "siblings": files, "tags": []})

    def _huggingface_tree(self, request: BaseHTTPRequestHandler, name: str, revision: str) -> None:
        state = self._state(name, revision)
        assert state is not None
        self._json(
            request,
            [
                {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for path, data in state[1].items()
            ],
        )

    def _modelscope_tree(self, request: BaseHTTPRequestHandler, name: str, query: dict[str, str]) -> None:
        state = self._state(name, query["Revision"])
        if state is None:
            return self._json(request, {"Code": 10010205001, "Message": "the dataset does not exist"}, 404)
        files = [
            {
                "Path": path,
                "Name": path.rpartition("/")[2],
                "Type": "blob",
                "Size": len(data),
                "Sha256": hashlib.sha256(data).hexdigest(),
                "Revision": state[0],
                "CommittedDate": 1700000000,
            }
            for path, data in state[1].items()
        ]
        self._json(request, {"Code": 200, "Data": {"Files": files}})

    def _to_content(self, request: BaseHTTPRequestHandler, name: str, revision: str, path: str) -> None:
        state = self._state(name, revision)
        if state is None or path not in state[1]:
            return self._json(request, {"error": "no such file"}, 404, {"X-Error-Code": "EntryNotFound"})
        data = state[1][path]
        self._send(
            request,
            302,
            b"",
            {
                # Another host, as on the real hubs.
                "Location": f"{self.cdn}/cdn/{name}/{state[0]}/{path}",
                "X-Repo-Commit": state[0],
                "X-Linked-Size": str(len(data)),
                "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
            },
        )

    def _content(self, request: BaseHTTPRequestHandler, name: str, revision: str, path: str) -> None:
        state = self._state(name, revision)
        assert state is not None
        data, start, status = state[1][path], 0, 200
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "Accept-Ranges": "bytes"}
        if wanted := request.headers.get("Range"):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, status = int(first), 206
            end = int(last) if last else len(data) - 1
            headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
            data = data[start : end + 1]
        if self.cuts and request.command == "GET" and not path.endswith("README.md"):
            self.cuts -= 1
            self._send(request, status, data[: len(data) // 2], headers, announced=len(data))
            request.close_connection = True
            return
        self._send(request, status, data, headers)

    def _json(
        self, request: BaseHTTPRequestHandler, body: Any, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self._send(request, status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _send(
        self,
        request: BaseHTTPRequestHandler,
        status: int,
        data: bytes,
        headers: dict[str, str],
        announced: int | None = None,
    ) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data) if announced is None else announced)}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)
