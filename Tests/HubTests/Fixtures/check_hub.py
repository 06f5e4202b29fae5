"""Checks by hand that trainer and huggingface_hub find each other's downloads.

    python check_hub.py TRAINER MODEL_FOLDER

Serves the folder as owner/name on the loopback as a Hugging Face hub would (files of 1 MB and more from another port), then
1. trainer downloads, huggingface_hub and transformers find it offline;
2. huggingface_hub downloads, trainer finds it offline;
3. each resumes or completes what the other left half done.
Written for huggingface_hub 2.4.0 and transformers 5.24.0. The project's tests do not need it.
"""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading

COMMIT = "c0ffee12" * 5
LARGE = 1 << 20


def content(path):
    with open(path, "rb") as file:
        return file.read()


def entry(folder, name):
    data = content(os.path.join(folder, name))
    found = {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()}
    if len(data) >= LARGE:
        found["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return found


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder, store, requests = "", 0, []

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        Server.requests.append((self.command, self.path, self.headers.get("Range")))
        if self.path.startswith("/api/models/owner/name/revision/"):
            names = [{"rfilename": name} for name in sorted(os.listdir(self.folder))]
            return self.answer(200, {}, json.dumps({"id": "owner/name", "sha": COMMIT, "siblings": names, "private": False}).encode())
        if self.path.startswith("/api/models/owner/name/tree/"):
            return self.answer(200, {}, json.dumps([entry(self.folder, name) for name in sorted(os.listdir(self.folder))]).encode())
        name = self.path.split("/resolve/")[-1].split("/", 1)[-1]
        path = os.path.join(self.folder, name)
        if "/resolve/" not in self.path or not os.path.isfile(path):
            return self.answer(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b"")
        data = content(path)
        headers = {"X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if len(data) >= LARGE:
            digest = hashlib.sha256(data).hexdigest()
            if self.server.server_port != Server.store:
                headers |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(data))}
                return self.answer(302, headers | {"Location": f"http://127.0.0.1:{Server.store}{self.path}"}, b"")
            headers["ETag"] = f'"{digest}"'
        else:
            headers["ETag"] = '"' + hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest() + '"'
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self.answer(206 if start else 200, headers, data[start:])

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def run(command, home, **variables):
    environment = os.environ | {"HF_HOME": home} | variables
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, (command, result.stdout, result.stderr)
    return result


def tree(home):
    root = os.path.join(home, "hub", "models--owner--name")
    links = {}
    for folder, _, names in os.walk(os.path.join(root, "snapshots")):
        for name in names:
            links[os.path.relpath(os.path.join(folder, name), root)] = os.readlink(os.path.join(folder, name))
    return links, sorted(os.listdir(os.path.join(root, "blobs"))), content(os.path.join(root, "refs", "main"))


def main(trainer, folder):
    Server.folder = folder
    port, Server.store = serve(), serve()
    endpoint = {"HF_ENDPOINT": f"http://127.0.0.1:{port}", "HF_HUB_DISABLE_XET": "1"}
    generate = [trainer, "generate", "owner/name", "--prompt", "The sky is", "--max-new-tokens", "3"]
    patterns = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
    snapshot = f"from huggingface_hub import snapshot_download as s; print(s('owner/name', allow_patterns={patterns}))"
    load = "from transformers import AutoModelForCausalLM as M, AutoTokenizer as T; T.from_pretrained('owner/name'); M.from_pretrained('owner/name')"
    with tempfile.TemporaryDirectory() as ours, tempfile.TemporaryDirectory() as theirs:
        first = run(generate + ["--download"], ours, **endpoint)
        print("trainer downloads:", first.stderr.strip().replace("\n", " | "))
        before = len(Server.requests)
        run([sys.executable, "-c", snapshot], ours, HF_HUB_OFFLINE="1")
        run([sys.executable, "-c", load], ours, HF_HUB_OFFLINE="1")
        assert len(Server.requests) == before
        print("huggingface_hub and transformers find it offline")
        run([sys.executable, "-c", snapshot], ours, **endpoint)
        fetched = [request for request in Server.requests[before:] if request[0] == "GET" and "/resolve/" in request[1]]
        print("huggingface_hub online asks again for:", [request[1] for request in fetched])
        run([sys.executable, "-c", snapshot], theirs, **endpoint)
        links, blobs, commit = tree(theirs)
        ours_links, _, ours_commit = tree(ours)
        assert commit == ours_commit and all(links.get(name) == target for name, target in ours_links.items()), (links, ours_links)
        print("same commit, links and blobs:", len(ours_links), "files")
        before = len(Server.requests)
        run(generate, theirs, HF_HUB_OFFLINE="1")
        run(generate, theirs, **endpoint)
        assert len(Server.requests) == before
        print("trainer finds huggingface_hub's download offline, and asks nothing with a network")
        weights = next(target for name, target in links.items() if name.endswith(".safetensors"))
        blob = os.path.join(theirs, "hub", "models--owner--name", "blobs", os.path.basename(weights))
        data = content(blob)
        os.remove(blob)
        with open(blob + ".incomplete", "wb") as file:
            file.write(data[: len(data) // 2])
        run(generate + ["--download"], theirs, **endpoint)
        assert content(blob) == data and any(request[2] == f"bytes={len(data) // 2}-" for request in Server.requests[before:])
        print("trainer goes on at half of the weights")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
