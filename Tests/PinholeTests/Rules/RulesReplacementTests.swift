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
        # How often the daemon was told this.
        count() { grep -cx "rules $1" "$dir/requests" || true; }
        told() { (($(count "$1") == $2)); }
        # Nothing that has happened until now is told after this: what comes before a repair is told with it.
        settle() {
            local before
            before=$(count repaired)
            nft add chain inet pinhole foreign
            until_ told repaired $((before + 1))
            replaced=$(count replaced)
        }

        """

    @Test func `after a saved ruleset or a flush, the daemon opens again what is open`() throws {
        let child = try Program.script(
            Self.watch + """
                # Where the kernel has no queue, only the older syntax is understood.
                nft list table inet pinhole |
                    sed -E 's/queue to/queue num/; s/queue flags bypass to ([0-9]+)/queue num \\1 bypass/' >"$dir/saved"
                settle
                (echo flush ruleset; cat "$dir/saved") | nft --file -
                until_ told replaced $((replaced + 1))
                told repaired 1
                nft add element inet pinhole pinhole4 '{ 10.2.0.100 . 5001 . 10.2.0.2 timeout 100s }'
                until_ told replaced $((replaced + 2))
                nft flush set inet pinhole pinhole4
                until_ told replaced $((replaced + 3))
                told repaired 1
                ! grep 'rules missing' "$dir/requests"
                """
        )
        #expect(child.status == 0, "\(child.output)\(child.errors)")
    }
}
