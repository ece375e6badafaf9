#!/bin/sh
# Lists the volumes with recordings: whose, how old, how large; and what each requester has. For administrators; it
# needs kubectl that may read persistentvolumes, and awk. It changes nothing.
set -eu

usage() {
    cat <<'END'
usage: list-recordings.sh [--by=age|requester|size]

One line for each volume, the oldest (or the largest, or by requester) first, then the sums. AGE is in days since the
end of the latest run, or since its start, or since the volume was made. SIZE is the volume's, not what is in use.

example: list-recordings.sh --by=size
END
}

by=age
for argument in "$@"; do
    case "$argument" in
    -h | --help) usage; exit 0 ;;
    --by=age | --by=requester | --by=size) by=${argument#--by=} ;;
    *) echo "list-recordings.sh: $argument is no option" >&2; usage >&2; exit 64 ;;
    esac
done

# %q: names are other people's text, and must neither end a line nor reach the terminal as they are.
template='{{range .items}}{{$a := .metadata.annotations}}{{printf "%s\t%s\t%s\t%s\t%s\t%s" .metadata.name .status.phase
.spec.persistentVolumeReclaimPolicy .spec.capacity.storage .metadata.creationTimestamp ""}}'
template=$(printf %s "$template" | tr '\n' ' ')
for each in started-at ended-at requested-by namespace name; do
    template="$template{{printf \"%q\\t\" (or (index \$a \"troubleshooter.sh/$each\") \"\")}}"
done
template="$template{{\"\\n\"}}{{end}}"

case "$by" in
age) order='-k5,5nr -k1,1' ;;
requester) order='-k7,7 -k5,5nr' ;;
size) order='-k9,9nr -k1,1' ;;
esac

tab=$(printf '\t')
rows=$(
    kubectl get persistentvolumes --selector=troubleshooter.sh/recordings=true --output="go-template=$template" |
        awk -F'\t' -v OFS='\t' -v now="$(date -u +%Y-%m-%d)" '
            function plain(text) { sub(/^"/, "", text); sub(/"$/, "", text); return text }
            # Days since some day long ago, as of the calendar.
            function days(date,  y, m, d) {
                y = substr(date, 1, 4) + 0; m = substr(date, 6, 2) + 0; d = substr(date, 9, 2) + 0
                if (m < 3) { y -= 1; m += 12 }
                return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * m - 457) / 5) + d
            }
            function bytes(quantity,  unit, power) {
                unit = quantity; gsub(/[0-9.]/, "", unit)
                power = index("kMGTPE", toupper(substr(unit, 1, 1)) == "K" ? "k" : substr(unit, 1, 1))
                return quantity * ((unit ~ /i$/ ? 1024 : 1000) ^ (unit == "" ? 0 : power))
            }
            {
                started = plain($6); ended = plain($7); who = plain($8)
                end = ended ~ /^[0-9]/ ? ended : (ended == "" ? "running?" : ended)
                since = ended ~ /^[0-9]/ ? ended : (started ~ /^[0-9]/ ? started : $5)
                print $1, $2, $3, end, days(now) - days(since), $4, who == "" ? "unverified" : who,
                    plain($9) "/" plain($10), bytes($4)
            }' | sort -t "$tab" $order
)
if [ -z "$rows" ]; then echo "no volumes with recordings"; exit 0; fi
printf '%s\n' "$rows" | awk -F'\t' '
    function row(a, b, c, d, e, f, g, h) { printf "%-42s %-9s %-7s %-20s %5s %8s  %-30s %s\n", a, b, c, d, e, f, g, h }
    BEGIN { row("VOLUME", "STATUS", "POLICY", "ENDED", "AGE", "SIZE", "REQUESTER", "TOOLBOX") }
    { row($1, $2, $3, $4, $5, $6, $7, $8); count[$7] += 1; sum[$7] += $9; if ($5 > oldest[$7]) oldest[$7] = $5 }
    END {
        print ""
        for (who in count)
            printf "%s: %d volumes, %.1f Gi, the oldest %d days\n", who, count[who], sum[who] / 1024 ^ 3, oldest[who] | "sort"
    }'
