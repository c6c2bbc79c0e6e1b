// SPDX-License-Identifier: GPL-2.0-or-later
import Foundation
import Linux
import Testing

/// What Prometheus is given, shown with Prometheus itself.
@Suite struct ExporterCommandTests {
    private let start = """
        ip link set lo up
        pinhole rules load --backend iptables
        "$pinholed" --user root --socket "$dir/socket" 2>/dev/null & background+=($!)
        until_ pinhole stats --socket "$dir/socket"
        "$pinhole" exporter --socket "$dir/socket" & background+=($!)
        ask() { curl --silent --max-time 10 "http://127.0.0.1:9421$1"; }
        until_ ask /

        """

    private func output(_ script: String) throws -> String {
        let child = try Program.script(start + script)
        #expect(child.errors == "")
        #expect(child.status == 0)
        return child.output
    }

    @Test func `the metrics are as promtool wants them, by command and by HTTP`() throws {
        let said = try output(
            """
            pinhole metrics --socket "$dir/socket" | promtool check metrics && echo right
            ask /metrics | promtool check metrics && echo right
            ask /metrics | sed '/pinhole_up/d' | diff - <(pinhole metrics --socket "$dir/socket") && echo same
            ask /metrics | grep '^pinhole_up'
            """
        )
        #expect(said == "right\nright\nsame\npinhole_up 1\n")
    }

    @Test func `only /metrics is there, only to be read, and it says so`() throws {
        let said = try output(
            """
            for path in / /metrics/ /metricsx /../etc/passwd; do
                curl --silent --path-as-is -o /dev/null -w '%{http_code} ' "http://127.0.0.1:9421$path"
            done
            curl --silent -X POST --data x -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:9421/metrics
            ask /nothing
            """
        )
        #expect(said == "200 404 404 404 405\nsee /metrics\n")
    }

    @Test func `a daemon that is not there is one that is not up`() throws {
        let said = try output(
            """
            kill "${background[0]}"; wait "${background[0]}"; background=("${background[1]}")
            ask /metrics
            """
        )
        #expect(said.hasSuffix("\npinhole_up 0\n"))
    }

    /// Clients that are slow on purpose, each in its way, from one address or from many: `slow COUNT ADDRESS WAY`.
    private let slow = """
        slow() {
            python3 -B -c '
        import socket, sys, threading, time
        count, target, way = int(sys.argv[1]), sys.argv[2], sys.argv[3]
        family = socket.AF_INET6 if ":" in target else socket.AF_INET
        head = b"GET /metrics HTTP/1.1\\r\\nHost: x\\r\\n"
        said = {"silent": b"", "headers": head, "bytes": head[:1], "body": b"POST /metrics HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 999999\\r\\n\\r\\n",
                "unread": head + b"\\r\\n"}[way.split("-")[0]]
        def enter(number):
            stream = socket.socket(family)
            stream.settimeout(5)
            if way == "unread": stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            if way.endswith("-many"): stream.bind((f"127.0.{number // 250}.{number % 250 + 2}", 0))
            try: stream.connect((target, 9421)); stream.sendall(said)
            except OSError: pass
            return stream
        held = [enter(number) for number in range(count)]
        print("held", flush=True)
        drip = b"X" if way.startswith("bytes") else b"X: a\\r\\n" if way.startswith("headers") else b"x"
        while True:
            time.sleep(0.5)
            for number, stream in enumerate(held):
                try:
                    if not way.startswith(("silent", "unread")): stream.sendall(drip)
                    is_over = stream.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
                except BlockingIOError: is_over = False
                except OSError: is_over = True
                if is_over:
                    # The next one.
                    stream.close()
                    held[number] = enter(number)
            ' "$@" >"$dir/slow" & background+=($!)
            until_ test -s "$dir/slow"
        }
        # Ten scrapes in a row, of which none waits until a slow client is cut off.
        scrapes() { for _ in {1..10}; do curl --silent --max-time 8 --retry 2 --retry-all-errors "$1" | grep '^pinhole_up'; sleep 0.1; done | uniq -c; }

        """

    @Test(arguments: [
        "silent", "headers", "bytes", "body", "unread", "silent-many", "headers-many", "bytes-many",
    ])
    func `a scraper is answered at once beside many clients that are slow on purpose`(_ way: String) throws {
        let said = try output(
            slow + """
                slow 600 127.0.0.1 \(way)
                scrapes http://127.0.0.1:9421/metrics
                """
        )
        #expect(said.split(separator: " ").joined(separator: " ") == "10 pinhole_up 1\n")
    }

    @Test func `a daemon that is stopped lets all who ask wait once, and not one after the other`() throws {
        let said = try output(
            """
            kill -STOP "${background[0]}"
            for _ in {1..20}; do ask /metrics >>"$dir/all" & asking+=($!); done
            wait "${asking[@]}"
            grep -c '^pinhole_up 0' "$dir/all"; ((SECONDS < 20)) && echo in time
            kill -CONT "${background[0]}"
            """
        )
        #expect(said == "20\nin time\n")
    }

    @Test func `a scraper is answered over IPv6 beside clients that are slow on purpose, too`() throws {
        let said = try output(
            slow + """
                "$pinhole" exporter --listen '[::1]:9421' --socket "$dir/socket" & background+=($!)
                until_ curl --silent --max-time 2 'http://[::1]:9421/'
                slow 300 ::1 headers
                scrapes 'http://[::1]:9421/metrics'
                """
        )
        #expect(said.split(separator: " ").joined(separator: " ") == "10 pinhole_up 1\n")
    }

    @Test func `a client that goes on for ever is cut off ten seconds after it came`() throws {
        let said = try output(
            """
            python3 -B -c '
            import socket, time
            stream = socket.create_connection(("127.0.0.1", 9421))
            begin = time.monotonic()
            try:
                stream.sendall(b"GET /metrics HTTP/1.1\\r\\n")
                while time.monotonic() < begin + 30: stream.sendall(b"X"); time.sleep(0.1)
            except OSError: pass
            print(9 < time.monotonic() - begin < 15)
            '
            """
        )
        #expect(said == "True\n")
    }

    @Test(arguments: [
        ("x:1", "--listen: 'x' is not an address: see pinhole exporter --help (64)"),
        ("127.0.0.1", "--listen: '127.0.0.1' is not ADDRESS:PORT: see pinhole exporter --help (64)"),
        ("127.0.0.1:0", "--listen: '127.0.0.1:0' is not ADDRESS:PORT: see pinhole exporter --help (64)"),
        (
            "127.0.0.1:9421",
            "listen at 127.0.0.1 port 9421: Address already in use: choose another address or port with --listen (1)"
        ),
        (
            "10.9.9.9:9421",
            "listen at 10.9.9.9 port 9421: Cannot assign requested address: choose another address or port with --listen (1)"
        ),
    ])
    func `where it cannot listen it says why`(_ place: String, _ complaint: String) throws {
        let said = try output(
            """
            status=0; pinhole exporter --listen \(place) 2>"$dir/said" || status=$?
            echo "$(<"$dir/said") ($status)"
            """
        )
        #expect(said == "pinhole: \(complaint)\n")
    }

    @Test func `every query of the Grafana board has an answer from a Prometheus that scrapes it`() throws {
        let said = try output(
            """
            cat >"$dir/prometheus.yml" <<END
            global: {scrape_interval: 1s}
            scrape_configs: [{job_name: pinhole, static_configs: [{targets: ['127.0.0.1:9421']}]}]
            END
            prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/data" \\
                --web.listen-address=127.0.0.1:9090 --log.level=error & background+=($!)
            query() { curl --silent --get --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query; }
            answered() { query "$1" | grep -q '"status":"success".*"value"'; }
            until_ answered 'rate(pinhole_packets_total[5s])'
            queries() {
                python3 -c '
            import json, sys
            for panel in json.load(open(sys.argv[1]))["panels"]:
                for target in panel["targets"]:
                    print(target["expr"].replace("$instance", ".*").replace("$__rate_interval", "5s"))
            ' '\(Program.top.appending(path: "dist/contrib/grafana.json").path)'
            }
            queries | while read -r expression; do
                answered "$expression" || echo "no answer: $expression"
            done
            queries | wc -l
            """
        )
        #expect(said == "22\n")
    }

    @Test func `the alerts are valid, and the exporter has each metric that they look at`() throws {
        let said = try output(
            """
            alerts='\(Program.top.appending(path: "dist/contrib/alerts.yml").path)'
            promtool check rules "$alerts" | grep -o '[0-9]* rules found'
            curl --silent http://127.0.0.1:9421/metrics >"$dir/metrics"
            grep -o 'pinhole_[a-z_]*' "$alerts" | sort -u | while read -r name; do
                grep -q "^# TYPE $name " "$dir/metrics" || echo "no metric: $name"
            done
            """
        )
        #expect(said == "8 rules found\n")
    }
}
