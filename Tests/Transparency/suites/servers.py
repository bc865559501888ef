"""PostgreSQL, Redis, git, OpenSSH and Node.js: server and client under the preload."""
import glob
import hashlib
import pathlib
import re

from scene import free_port


def digest(text):
    return text.strip() if len(text) < 100 else hashlib.sha256(text.encode()).hexdigest()[:16]


def postgresql(scene, only=None):
    tools = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))[-1]).parent
    data, port, found = scene.folder / "data", free_port(), {}
    status, said = scene.run(tools / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync")
    found["initdb"] = "%s %s" % (status, "Success" in said)
    scene.start(tools / "postgres", "-D", data, "-p", str(port), "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1,::1", "-c", "max_connections=100", "-k",
                scene.folder, until="ready to accept connections")
    place = ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]

    def sql(name, text, host="127.0.0.1"):
        words = ["-h", host, "-p", str(port), "-U", "postgres", "-At", "-v", "ON_ERROR_STOP=1", "-c", text, "postgres"]
        status, said = scene.run(tools / "psql", *words)
        found[name] = "%s %s" % (status, digest(re.sub(r"port \d+", "", said)))

    sql("psql", "select sum(i) from generate_series(1, 1000000) i")
    sql("psql over IPv6", "select 1", "::1")
    sql("psql over a Unix socket", "select 2", str(scene.folder))
    sql("large result", "select repeat('x', 10000000)")
    sql("addresses that the server sees", "select host(inet_client_addr()), host(inet_server_addr())")
    sql("an error", "select 1/0")
    status, said = scene.run(tools / "pgbench", *place, "-i", "-s", "2", "-q", "postgres")
    found["pgbench -i"] = "%s %s" % (status, "done in" in said)
    for name, more in {"": [], "prepared ": ["-M", "prepared"], "new connections ": ["-C"], "select only ": ["-S"]}.items():
        status, said = scene.run(tools / "pgbench", *place, "-c", "20", "-j", "4", "-t", "50", *more, "postgres")
        done = re.search(r"actually processed: (\S+)", said)
        failed = re.search(r"failed transactions: (\d+)", said)
        found["pgbench %s20 clients" % name] = "%s %s failed %s" % (status, done and done[1], failed and failed[1])
    sql("balances agree", "select sum(abalance) = (select sum(bbalance) from pgbench_branches) from pgbench_accounts")
    status, said = scene.run(tools / "pg_dump", *place, "-t", "pgbench_tellers", "--schema-only", "postgres")
    found["pg_dump"] = "%s %s" % (status, digest(re.sub(r"\\(un)?restrict .*", "", said)))
    return found


postgresql.user = "postgres"


def redis(scene, only=None):
    port, other, found = free_port(), free_port(), {}
    common = ["--save", "", "--dir", scene.folder, "--bind", "127.0.0.1", "::1"]
    scene.start("redis-server", "--port", port, *common, until="Ready to accept connections")

    def ask(name, *words, to=port, host="127.0.0.1"):
        status, said = scene.run("redis-cli", "-h", host, "-p", to, *words)
        found[name] = "%s %s" % (status, digest(said))

    ask("SET", "set", "key", "value")
    ask("GET over IPv6", "get", "key", host="::1")
    ask("large value", "eval", "return string.rep('x', 5000000)", "0")
    for test in ("ping_inline,ping_mbulk", "set,get,incr,lpush,lpop", "mset,lrange_100"):
        status, said = scene.run("redis-benchmark", "-h", "127.0.0.1", "-p", port, "-c", "100", "-n", "20000", "-q", "-t", test)
        found["redis-benchmark " + test] = "%s %d" % (status, len(re.findall(r"requests per second", said)))
    status, said = scene.run("redis-benchmark", "-h", "127.0.0.1", "-p", port, "-c", "50", "-n", "3000", "-k", "0", "-q", "-t", "get")
    found["redis-benchmark, new connections"] = "%s %d" % (status, len(re.findall(r"requests per second", said)))
    status, said = scene.run("redis-benchmark", "-h", "127.0.0.1", "-p", port, "-c", "50", "-n", "50000", "-P", "32", "-q", "-t", "set")
    found["redis-benchmark, pipelined"] = "%s %d" % (status, len(re.findall(r"requests per second", said)))
    scene.start("redis-server", "--port", other, *common, "--replicaof", "127.0.0.1 %d" % port, until="Finished with success")
    ask("replica", "get", "key", to=other)
    return found


def git(scene, only=None):
    port, found = free_port(), {}
    identity = {"GIT_%s_%s" % (who, what): "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    identity |= {"GIT_AUTHOR_DATE": "2020-01-01T00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00Z", "GIT_CONFIG_NOSYSTEM": "1",
                 "HOME": scene.folder}

    def do(name, *words, folder=None):
        status, said = scene.run("git", *words, folder=folder, **identity)
        said = re.sub(r"\d+(\.\d+)? (bytes|[KM]iB)(/s| \|)?|:\d{5}|port \d+|remote: .*|.*\r", "", said)
        if name:
            found[name] = "%s %s" % (status, digest(said))

    work = scene.folder / "work"
    do("init", "init", "-q", "-b", "main", work)
    for i in range(200):
        (work / ("file%d" % i)).write_text("line %d\n" % i * 500)
    do(None, "add", ".", folder=work)
    do("commit", "commit", "-q", "-m", "first", folder=work)
    do(None, "clone", "-q", "--bare", work, scene.folder / "origin.git")
    do(None, "config", "http.receivepack", "true", folder=scene.folder / "origin.git")
    scene.start("git", "daemon", "--reuseaddr", "--listen=127.0.0.1", "--port=%d" % port, "--base-path=%s" % scene.folder,
                "--export-all", "--enable=receive-pack", port=port, **identity)
    at = "git://127.0.0.1:%d/origin.git" % port
    http = start_backend(scene, identity)
    for name, place in {"git": at, "http": http}.items():
        copy = scene.folder / name
        do(name + " clone", "clone", "-q", place, copy)
        do(name + " ls-remote", "ls-remote", place)
        (copy / "new").write_text(name)
        do(None, "add", ".", folder=copy)
        do(None, "commit", "-q", "-m", name, folder=copy)
        do(name + " push", "push", "-q", "origin", "HEAD:refs/heads/" + name, folder=copy)
        do(name + " fetch", "fetch", "-q", place, "main", folder=work)
        do(name + " shallow clone", "clone", "-q", "--depth=1", place, scene.folder / (name + "-shallow"))
        do(name + " not there", "clone", "-q", place + "x", scene.folder / "none")
    do("fsck", "fsck", "--full", folder=scene.folder / "origin.git")
    do("heads", "for-each-ref", folder=scene.folder / "origin.git")
    return found


def start_backend(scene, identity):
    """git http-backend as a CGI program of Python's server."""
    port = free_port()
    programs = scene.folder / "cgi-bin"
    programs.mkdir()
    script = programs / "git"
    script.write_text("#!/bin/sh\nexec git http-backend\n")
    script.chmod(0o755)
    server = scene.folder / "server.py"
    server.write_text("import http.server as h, os\nh.CGIHTTPRequestHandler.have_fork = True\n"
                      "os.setuid = lambda uid: None\n"
                      "h.ThreadingHTTPServer(('127.0.0.1', %d), h.CGIHTTPRequestHandler).serve_forever()\n" % port)
    scene.start("/usr/bin/python3", server, port=port, GIT_PROJECT_ROOT=scene.folder, GIT_HTTP_EXPORT_ALL="1", **identity)
    return "http://127.0.0.1:%d/cgi-bin/git/origin.git" % port


def ssh(scene, only=None):
    """One server is the jump host, another one the destination."""
    pathlib.Path("/run/sshd").mkdir(exist_ok=True)  # where Debian's unit has sshd's empty folder
    ports, found = [free_port(), free_port()], {}
    for name in ("host", "user"):
        scene.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", scene.folder / name)
    for port in ports:
        (scene.folder / ("sshd-%d" % port)).write_text(
            "ListenAddress 127.0.0.1:%d\nHostKey %s/host\nAuthorizedKeysFile %s/user.pub\nStrictModes no\nUsePAM no\n"
            "PidFile none\nPermitRootLogin yes\nPasswordAuthentication no\nMaxStartups 100\nSubsystem sftp internal-sftp\n"
            % (port, scene.folder, scene.folder))
        scene.start("/usr/sbin/sshd", "-D", "-e", "-f", scene.folder / ("sshd-%d" % port), until="Server listening")
    configuration = scene.folder / "ssh_config"
    configuration.write_text(
        "Host *\n User root\n IdentityFile %s/user\n IdentitiesOnly yes\n BatchMode yes\n LogLevel ERROR\n"
        " StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\nHost jump\n HostName 127.0.0.1\n Port %d\n"
        "Host end\n HostName 127.0.0.1\n Port %d\nHost nobody\n HostName 127.0.0.1\n Port %d\n"
        % (scene.folder, *ports, free_port()))

    def do(name, program, *words, input=None):
        status, said = scene.run(program, "-F", configuration, *words, input=input)
        found[name] = "%s %s" % (status, digest(re.sub(r"port \d+", "", said)))

    do("command", "ssh", "jump", "echo hello; exit 3")
    do("large output", "ssh", "jump", "seq 1 1000000")
    do("large input", "ssh", "jump", "sha256sum", input="0123456789\n" * 500_000)
    do("-J", "ssh", "-J", "jump", "end", "echo there; exit 4")
    do("-J, large output", "ssh", "-J", "jump", "end", "seq 1 1000000")
    do("-J, large input", "ssh", "-J", "jump", "end", "sha256sum", input="0123456789\n" * 500_000)
    do("-J to nobody", "ssh", "-J", "jump", "nobody", "true")
    do("nobody listens", "ssh", "nobody", "true")
    # The server's greeting, and what it says of a client that is none.
    do("-W", "ssh", "-W", "127.0.0.1:%d" % ports[1], "jump", input="no client\r\n")
    (scene.folder / "file").write_bytes(b"0123456789" * 300_000)
    do("scp over -J", "scp", "-q", "-J", "jump", scene.folder / "file", "end:%s/copy" % scene.folder)
    found["the copy"] = str((scene.folder / "copy").exists() and (scene.folder / "copy").stat().st_size)
    do("addresses that the server sees", "ssh", "jump", "set -- $SSH_CONNECTION; echo $1 $3")
    return found


NODE = r"""
const http = require('http'), net = require('net'), assert = require('assert');
const say = (name, outcome) => console.log(name + '\t' + outcome);
const get = (options) => new Promise((done) => {
  const request = http.get(options, (answer) => {
    let size = 0;
    answer.on('data', (d) => { size += d.length; });
    answer.on('end', () => done(answer.statusCode + ' ' + size));
    answer.on('error', (e) => done(e.code));
  });
  request.on('error', (e) => done(e.code));
});
const server = http.createServer((request, response) => {
  if (request.url === '/large') return response.end(Buffer.alloc(5000000, 'x'));
  if (request.url === '/reset') return request.socket.resetAndDestroy();
  if (request.url === '/who') return response.end(request.socket.remoteAddress);
  if (request.method === 'POST') return request.pipe(response);
  response.end('hello');
});
server.listen(0, '127.0.0.1', async () => {
  const port = server.address().port, host = '127.0.0.1';
  say('get', await get({ host, port }));
  say('large', await get({ host, port, path: '/large' }));
  say('reset', await get({ host, port, path: '/reset' }));
  say('who the server sees', await get({ host, port, path: '/who' }));
  const many = await Promise.all(Array.from({ length: 500 }, () => get({ host, port, agent: false })));
  say('500 at once', new Set(many).size + ' ' + many[0]);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 10 });
  const kept = await Promise.all(Array.from({ length: 1000 }, () => get({ host, port, agent })));
  say('1000 on 10 connections', new Set(kept).size + ' ' + kept[0]);
  agent.destroy();
  say('local address', await get({ host, port, localAddress: '127.0.0.1', agent: false }));
  say('by name', await get({ host: 'localhost', port, family: 4 }));
  const socket = net.connect(port, host, () => {
    say('remoteAddress', socket.remoteAddress + ' ' + (socket.remotePort === port) + ' ' + socket.remoteFamily);
    socket.end('GET / HTTP/1.0\r\n\r\n');
  });
  let text = '';
  socket.on('data', (d) => { text += d; });
  await new Promise((done) => socket.on('close', done));
  say('half-close', text.endsWith('hello'));
  await new Promise((done) => server.close(done));
  say('nobody listens', await get({ host, port, agent: false }));
});
"""


def node(scene, only=None):
    file = scene.folder / "server.js"
    file.write_text(NODE)
    status, said = scene.run("node", file)
    found = dict(line.split("\t") for line in said.splitlines() if "\t" in line)
    return found | {"exit": "%s %s" % (status, digest("\n".join(line for line in said.splitlines() if "\t" not in line)))}


SUITES = {"PostgreSQL": postgresql, "Redis": redis, "git": git, "OpenSSH": ssh, "node": node}
