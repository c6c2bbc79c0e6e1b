# SPDX-License-Identifier: GPL-2.0-or-later
"""expressions.py BOARD: the queries of a Grafana board, one a line."""

import json
import sys

for panel in json.load(open(sys.argv[1]))["panels"]:
    for target in panel["targets"]:
        print(target["expr"].replace("$instance", ".*").replace("$__rate_interval", "5s"))
