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

    /// A peer that does not answer is enough for the exporter to have the metrics of a pair.
    private let startSync = """
        "$pinhole" sync --local 127.0.0.1 --peer 127.0.0.2 --socket "$dir/socket" --peer-state "$dir/peer.state" \
            2>/dev/null & background+=($!)
        until_ test -s "$dir/peer.state.status"

        """

    private func output(_ script: String) throws -> String {
        let child = try Program.script(start + script)
        #expect(child.errors == "")
        #expect(child.status == 0)
        return child.output
    }

    @Test func `the metrics pass promtool, by command and by HTTP`() throws {
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

    @Test func `only GET of /metrics is answered`() throws {
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

    @Test func `a missing daemon is exported as not up`() throws {
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
            python3 -B "$scripts/slow.py" "$@" >"$dir/slow" & background+=($!)
            until_ test -s "$dir/slow"
        }
        # Ten scrapes in a row, of which none waits until a slow client is cut off.
        scrapes() { for _ in {1..10}; do curl --silent --max-time 8 --retry 2 --retry-all-errors "$1" | grep '^pinhole_up'; sleep 0.1; done | uniq -c; }

        """

    @Test(arguments: [
        "silent", "headers", "bytes", "body", "unread", "silent-many", "headers-many", "bytes-many",
    ])
    func `a scraper is answered at once beside deliberately slow clients`(_ way: String) throws {
        let said = try output(
            slow + """
                slow 600 127.0.0.1 \(way)
                scrapes http://127.0.0.1:9421/metrics
                """
        )
        #expect(said.split(separator: " ").joined(separator: " ") == "10 pinhole_up 1\n")
    }

    @Test func `a stopped daemon delays concurrent scrapes once, not one after the other`() throws {
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

    @Test func `a scraper is answered over IPv6 beside deliberately slow clients`() throws {
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

    @Test func `a client that never finishes is disconnected after ten seconds`() throws {
        let said = try output(
            """
            python3 -B "$scripts/endless.py"
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
    func `the exporter says why it cannot listen`(_ place: String, _ complaint: String) throws {
        let said = try output(
            """
            status=0; pinhole exporter --listen \(place) 2>"$dir/said" || status=$?
            echo "$(<"$dir/said") ($status)"
            """
        )
        #expect(said == "pinhole: \(complaint)\n")
    }

    @Test
    func `every query of the Grafana dashboard gets an answer from a Prometheus that scrapes the exporter`()
        throws
    {
        let said = try output(
            startSync + """
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
                    python3 -B "$scripts/expressions.py" '\(Program.top.appending(path: "dist/contrib/grafana.json").path)'
                }
                queries | while read -r expression; do
                    answered "$expression" || echo "no answer: $expression"
                done
                queries | wc -l
                """
        )
        #expect(said == "29\n")
    }

    @Test func `the alerts are valid, and the exporter has each of their metrics`() throws {
        let said = try output(
            startSync + """
                alerts='\(Program.top.appending(path: "dist/contrib/alerts.yml").path)'
                promtool check rules "$alerts" | grep -o '[0-9]* rules found'
                curl --silent http://127.0.0.1:9421/metrics >"$dir/metrics"
                grep -o 'pinhole_[a-z_]*' "$alerts" | sort -u | while read -r name; do
                    grep -q "^# TYPE $name " "$dir/metrics" || echo "no metric: $name"
                done
                """
        )
        #expect(said == "11 rules found\n")
    }
}
