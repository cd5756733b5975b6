# Ends the job, and tells what the program could not tell itself: it was killed, or never began.
leave() {
  if [ "$1" != 0 ] && [ ! "$out/failure.json" -nt "$began" ]; then
    printf '{"code": "JOB_ENDED", "message": "job {{job}} %s ended with exit code %d: see its log", "exitCode": %d, "job": {"id": "%s", "log": "%s"}}\n' \
      "$id" "$1" "$1" "$number" "$RETROPLUME_JOB_LOG" >"$out/failure.json.$id" && mv "$out/failure.json.$id" "$out/failure.json"
  fi
  exit "$1"
}
