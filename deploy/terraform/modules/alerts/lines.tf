# What the processes say on stderr becomes metrics: so they work wherever the processes run, on GKE,
# on a machine or on Dataproc, without anything that scrapes. The filters are held to the lines that
# the stations write by tests/deploy/test_terraform.py.
locals {
  # GKE hands on a line of JSON as fields and any other as `textPayload`; a machine of its own and
  # Dataproc hand on all lines as a text in `message`.
  alert_lines = {
    for kind in ["stalled", "lag_growing", "many_rejects"] :
    kind => join(" OR ", [
      "(jsonPayload.event=\"alert\" AND jsonPayload.alert=\"${kind}\")",
      "(jsonPayload.message:\"\\\"event\\\": \\\"alert\\\"\" AND jsonPayload.message:\"\\\"alert\\\": \\\"${kind}\\\"\")",
    ])
  }

  other_lines = {
    # Numbers can be compared only where they are fields; elsewhere landing's own alerts tell.
    late = "jsonPayload.event=\"batch committed\" AND jsonPayload.lag_seconds > ${var.late_seconds}"
    committed = join(" OR ", [
      "jsonPayload.event=\"batch committed\"",
      "jsonPayload.message:\"\\\"event\\\": \\\"batch committed\\\"\"",
    ])
    failed_runs = join(" OR ", [
      for field in ["textPayload", "jsonPayload.message"] : "${field}=~\"Sensor failed_runs skipped: .* failed: \""
    ])
    finished_runs = join(" OR ", [
      for field in ["textPayload", "jsonPayload.message"] : "${field}:\" - RUN_SUCCESS - Finished execution of run for \""
    ])
  }
}
