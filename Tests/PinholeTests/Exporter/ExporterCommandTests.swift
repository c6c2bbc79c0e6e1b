import Foundation
import Netfilter
import Testing

/// What Prometheus is given, shown with Prometheus itself.
@Suite struct ExporterCommandTests {
    private let start = """
        ip link set lo up
        pinhole rules load
        "$pinhole" run --user root --socket "$dir/socket" 2>/dev/null & background+=($!)
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

    @Test(arguments: [
        ("x:1", "--listen: 'x' is no address: see pinhole exporter --help (64)"),
        ("127.0.0.1", "--listen: '127.0.0.1' is not ADDRESS:PORT: see pinhole exporter --help (64)"),
        ("127.0.0.1:0", "--listen: '127.0.0.1:0' is not ADDRESS:PORT: see pinhole exporter --help (64)"),
        (
            "127.0.0.1:9421",
            "listen at 127.0.0.1 port 9421: Address already in use: choose another place with --listen (1)"
        ),
        (
            "10.9.9.9:9421",
            "listen at 10.9.9.9 port 9421: Cannot assign requested address: choose another place with --listen (1)"
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
            ' '\(Program.top.appending(path: "contrib/grafana.json").path)'
            }
            queries | while read -r expression; do
                answered "$expression" || echo "no answer: $expression"
            done
            queries | wc -l
            """
        )
        #expect(said == "15\n")
    }
}
