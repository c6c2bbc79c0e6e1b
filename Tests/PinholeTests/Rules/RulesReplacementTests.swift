// SPDX-License-Identifier: GPL-2.0-or-later
import Linux
import Testing

/// What `pinhole rules watch` tells the daemon when others write into its table, in a network namespace, as root.
struct RulesReplacementTests {
    /// Watches the table in nftables, with a script in the daemon's place.
    private static let watch = """
        python3 -B "$scripts/requests.py" "$dir/socket" "$dir/requests" & background+=($!)
        until_ test -S "$dir/socket"
        printf '%s\\n' 'backend = nft' "socket = $dir/socket" >"$dir/conf"
        "$pinhole" rules watch --config "$dir/conf" 2>"$dir/log" & background+=($!)
        until_ grep event=rules-watched "$dir/log"
        told() { [[ $(grep -cx 'rules replaced' "$dir/requests") == "$1" ]]; }

        """

    @Test func `after a saved ruleset or a flush, the daemon opens again what is open`() throws {
        let child = try Program.script(
            Self.watch + """
                # Where the kernel has no queue, only the older syntax is understood.
                nft list table inet pinhole |
                    sed -E 's/queue to/queue num/; s/queue flags bypass to ([0-9]+)/queue num \\1 bypass/' >"$dir/saved"
                (echo flush ruleset; cat "$dir/saved") | nft --file -
                until_ grep -x 'rules replaced' "$dir/requests"
                ! grep -E 'rules (repaired|missing)' "$dir/requests" "$dir/log"
                count=$(grep -cx 'rules replaced' "$dir/requests")
                nft flush set inet pinhole pinhole4
                until_ told $((count + 1))
                """
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
    }
}
