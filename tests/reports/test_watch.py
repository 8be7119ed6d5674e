import http.client
import threading

import pytest

from netsci_dst.errors import RunError
from netsci_dst.reports.watching import Watcher, make_server, watch
from netsci_dst.snapshots import Snapshot


@pytest.fixture
def served(make_run, tmp_path):
    run = make_run(tmp_path)
    watcher = Watcher(run.path)
    watcher.refresh()
    server = make_server(watcher)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    address = (*server.server_address, server.token)
    yield run, watcher, address
    server.shutdown()
    thread.join()
    server.server_close()


def get(address, path="/", host=None):
    connection = http.client.HTTPConnection(*address[:2], timeout=10)
    connection.request("GET", f"/{address[2]}{path}", headers={"Host": host} if host else {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_only_this_machine_is_served(served):
    _, _, address = served
    assert address[0] == "127.0.0.1"
    assert get(address)[0] == 200
    assert get(address, host=f"localhost:{address[1]}")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "evil.example:80", "0.0.0.0:80"])
def test_foreign_names_are_refused(served, host):
    status, body = get(served[2], host=host)
    assert status == 403
    assert b"<html" not in body


@pytest.mark.parametrize(
    "path", ["/recipe.toml", "/../recipe.toml", "/%2e%2e/etc/passwd", "//etc/passwd", "/?x=/etc"]
)
def test_no_path_of_the_disk_is_reachable(served, path):
    assert get(served[2], path)[0] == 404


def test_only_reading_is_known(served):
    connection = http.client.HTTPConnection(*served[2][:2], timeout=10)
    connection.request("POST", "/", body=b"x")
    assert connection.getresponse().status == 501
    connection.close()


def test_the_page_grows_with_the_run(served):
    run, watcher, address = served
    assert watcher.refresh() is False
    before = get(address, "/version")[1]
    run.write_snapshot(Snapshot(run.snapshots[-1].topology, 5000, 50.0))
    assert watcher.refresh() is True
    assert get(address, "/version")[1] != before
    assert b",5000]" in get(address)[1]


def test_a_run_that_is_not_there_and_a_port_that_is_taken(served, tmp_path):
    run, _, address = served
    with pytest.raises(RunError, match="does not exist"):
        watch(tmp_path / "nowhere")
    with pytest.raises(RunError, match="choose another port"):
        watch(run, port=address[1])


@pytest.mark.parametrize("token", ["", "x", "x/", "version"])
def test_without_its_token_the_page_is_not_served(served, token):
    *address, known = served[2]
    assert len(known) >= 20
    for path in ("/", f"/{token}/", f"/{token}/version", f"/{known}", f"/{known}/x"):
        connection = http.client.HTTPConnection(*address, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, b"<html" in answer.read()) == (404, False)
        connection.close()


def test_a_client_that_says_nothing_is_let_go(served, monkeypatch):
    import socket
    import time

    from netsci_dst.reports import watching

    monkeypatch.setattr(watching, "CLIENT_TIMEOUT_S", 0.2)
    server = make_server(served[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    with socket.create_connection(server.server_address) as client:
        client.sendall(b"GET / HT")
        started = time.monotonic()
        client.settimeout(10)
        assert client.recv(100) == b""
        assert time.monotonic() - started < 8
    server.shutdown()
    thread.join()
    server.server_close()


def test_clients_that_leave_make_no_noise(served, capfd):
    import socket
    import struct

    *address, token = served[2]
    for _ in range(5):
        client = socket.create_connection(address)
        # Leave with a reset, in the middle of the answer.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request = f"GET /{token}/ HTTP/1.1\r\nHost: 127.0.0.1:{address[1]}\r\n\r\n"
        client.sendall(request.encode())
        client.recv(10)
        client.close()
    assert get(served[2])[0] == 200
    assert capfd.readouterr().err == ""


def test_all_runs_of_a_sweep_are_on_one_page(make_run, tmp_path):
    for seed in (0, 1):
        make_run(tmp_path, method="set", seed=seed)
    running = make_run(tmp_path, method="chts")
    steps = int(running.metrics["step"].max())
    running.update_provenance({"status": "running", "total_steps": 4 * steps})
    watcher = Watcher(str(tmp_path))
    watcher.refresh()
    page = watcher.page.decode()
    assert "2 of 3 runs have finished; about" in page
    assert "25 %" in page
    assert watcher.refresh() is False
    running.update_provenance({"status": "finished"})
    assert watcher.refresh() is True
    assert "Under way" not in watcher.page.decode().split("<script")[0]


def test_a_folder_without_runs_is_refused(tmp_path):
    with pytest.raises(RunError):
        Watcher(str(tmp_path)).refresh()
