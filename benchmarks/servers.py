# SPDX-License-Identifier: BSL-1.0

"""Servers on loopback addresses that the clients send to: the stand-in, and nginx."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time

# Server and client have a core each, so that they do not share one.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = {CORES[0]}
CLIENT_CORE = {CORES[1]} if len(CORES) > 1 else {CORES[0]}
ALL_CORES = set(CORES)


def prepare(cores):
    """A function for a child process: binds it to the cores, and ends it with its parent."""
    libc = ctypes.CDLL(None, use_errno=True)

    def run():
        libc.prctl(1, signal.SIGTERM)
        os.sched_setaffinity(0, cores)

    return run


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise RuntimeError(f"nothing listens on port {port}")
            time.sleep(0.02)


class Servers:
    """The stand-in in its variants, and nginx: `ports` and `cas` by name."""

    def __init__(self, programs, work, with_nginx):
        self.processes = []
        self.ports = {}
        self.cas = {}
        self.programs = programs
        self.work = work
        os.makedirs(work, exist_ok=True)
        try:
            self.start_stand_in("stand-in", [])
            self.start_stand_in("stand-in, no tickets", ["--no-tickets"])
            self.start_stand_in("stand-in, bare recipients", ["--recipients", "bare"])
            self.start_stand_in("stand-in, named recipients", ["--recipients", "named"])
            if with_nginx:
                self.start_nginx()
        except BaseException:
            self.stop()
            raise

    def start_stand_in(self, name, arguments):
        ca = os.path.join(self.work, name.replace(", ", "-").replace(" ", "-") + ".pem")
        process = subprocess.Popen(
            [self.programs["stand_in"], "--ca", ca, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=prepare(SERVER_CORE),
        )
        self.processes.append(process)
        line = process.stdout.readline()
        if not line.startswith("listening "):
            raise RuntimeError(f"the stand-in did not start: {line}")
        self.ports[name] = int(line.split("port=")[1].split()[0])
        self.cas[name] = ca

    def record(self, bench, arguments):
        """The body of the request that bench_send sends with these arguments."""
        recorded = os.path.join(self.work, "recorded.json")
        if os.path.exists(recorded):
            os.remove(recorded)
        self.start_stand_in("recorder", ["--record", recorded])
        process = self.processes.pop()
        try:
            subprocess.run(
                [bench, "--port", str(self.ports["recorder"]), "--ca", self.cas["recorder"], *arguments],
                check=True,
                stdout=subprocess.DEVNULL,
                timeout=60,
            )
        finally:
            process.terminate()
            process.wait()
        with open(recorded, "rb") as file:
            return file.read()

    def start_nginx(self):
        work = os.path.join(self.work, "nginx")
        shutil.rmtree(work, ignore_errors=True)
        os.makedirs(work)
        stand_in = self.programs["stand_in"]
        ca = os.path.join(work, "certificate.pem")
        subprocess.run([stand_in, "--identity", "--ca", ca, "--key", os.path.join(work, "key.pem")], check=True)
        single = subprocess.run([stand_in, "--body", "0"], check=True, capture_output=True, text=True).stdout
        os.makedirs(os.path.join(work, "replies", "email"))
        with open(os.path.join(work, "replies", "email", "batch"), "w") as file:
            subprocess.run([stand_in, "--body", "500"], check=True, stdout=file)
        for name in ("nginx", "nginx, whole body", "nginx, no tickets"):
            self.ports[name] = free_port()
            self.cas[name] = ca
        with open(os.path.join(work, "nginx.conf"), "w") as file:
            file.write(nginx_configuration(self.ports, single))
        process = subprocess.Popen(
            ["nginx", "-p", work + "/", "-c", "nginx.conf", "-e", "error.log"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=prepare(SERVER_CORE),
        )
        self.processes.append(process)
        try:
            wait_for(self.ports["nginx"])
        except RuntimeError:
            process.terminate()
            raise RuntimeError("nginx did not start: " + process.communicate()[1])

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []


def nginx_configuration(ports, single):
    # With `return` nginx replies before a long body has arrived. For long bodies it therefore is its own proxy: it
    # passes a request on when all of it has arrived.
    user = "user root root;" if os.geteuid() == 0 else ""
    tls = """
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
        ssl_protocols TLSv1.3;
        default_type application/json;
    """
    return f"""
{user}
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log error;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    server_tokens off;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_max_body_size 100m;
    client_body_buffer_size 16m;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream replies {{ server unix:replies.sock; keepalive 64; }}

    server {{
        listen 127.0.0.1:{ports["nginx"]} ssl backlog=4096;
        ssl_session_tickets on;
        {tls}
        location /email {{ return 200 '{single}'; }}
    }}
    server {{
        listen 127.0.0.1:{ports["nginx, no tickets"]} ssl backlog=4096;
        ssl_session_tickets off;
        ssl_session_cache off;
        {tls}
        location /email {{ return 200 '{single}'; }}
    }}
    server {{
        listen 127.0.0.1:{ports["nginx, whole body"]} ssl backlog=4096;
        {tls}
        location / {{
            proxy_pass http://replies;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
            proxy_pass_request_body off;
            proxy_buffers 32 16k;
        }}
    }}
    server {{
        listen unix:replies.sock;
        default_type application/json;
        location = /email {{ return 200 '{single}'; }}
        location = /email/batch {{ root replies; error_page 405 =200 $uri; }}
    }}
}}
"""
