# Sourced by a script that runs CCTM for one day: names the day's emission streams as CCTM's own run scripts do.
#
#   SECTORS  the table that Retroplume writes for {sectors}: sector, gridded or points, first instant, end, file, stack groups, label
#   DAY      YYYYMMDD, UTC
#
# It exports N_EMIS_GR, GR_EMIS_001, GR_EMIS_LAB_001 … for gridded sectors and N_EMIS_PT, STK_EMIS_001, STK_GRPS_001, STK_EMIS_LAB_001 … for in-line points. A
# label is the case's (emissions.sectors.NAME.label), or else the sector's name in capitals. The prior and the updated emissions lie in as many files as yours,
# a member's in one for the whole period: of each sector the file is taken that has the whole day. Streams that the case does not name (biogenic, lightning, …)
# are yours to add.
N_EMIS_GR=0 N_EMIS_PT=0
day_begin="$(date -u -d "$DAY" +%Y-%m-%d)T00:00Z" day_end="$(date -u -d "$DAY + 1 day" +%Y-%m-%d)T00:00Z"
while IFS=$'\t' read -r sector kind first end file groups label; do
  [[ ! $first > $day_begin && ! $end < $day_end ]] || continue
  if [ "$kind" = points ]; then
    N_EMIS_PT=$((N_EMIS_PT + 1))
    number=$(printf %03d "$N_EMIS_PT")
    export "STK_EMIS_$number=$file" "STK_GRPS_$number=$groups" "STK_EMIS_LAB_$number=$label"
  else
    N_EMIS_GR=$((N_EMIS_GR + 1))
    number=$(printf %03d "$N_EMIS_GR")
    export "GR_EMIS_$number=$file" "GR_EMIS_LAB_$number=$label"
  fi
done <"$SECTORS"
export N_EMIS_GR N_EMIS_PT
streams=$((N_EMIS_GR + N_EMIS_PT)) wanted=$(cut -f1 "$SECTORS" | sort -u | wc -l)
if [ "$streams" -ne "$wanted" ]; then
  echo "emission-streams.sh: $streams files have all of $DAY, but there are $wanted sectors in $SECTORS" >&2
  exit 1
fi
