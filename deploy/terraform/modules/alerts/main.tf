locals {
  # Anything counted is told: what it means, and what to look at, is in the runbook.
  told_when_counted = {
    stalled      = { title = "Landing is stalled", severity = "CRITICAL", anchor = "stalled" }
    lag_growing  = { title = "Landing's backlog grows", severity = "WARNING", anchor = "lag_growing" }
    many_rejects = { title = "Many events are rejected", severity = "WARNING", anchor = "many_rejects" }
    late         = { title = "Landing is late", severity = "WARNING", anchor = "lag_growing" }
    failed_runs  = { title = "A run of Dagster failed", severity = "ERROR", anchor = "failed_runs" }
  }

  told_when_absent = {
    committed     = { title = "Landing says nothing", severity = "CRITICAL", anchor = "silent", minutes = var.silent_minutes }
    finished_runs = { title = "No hour was built", severity = "ERROR", anchor = "stale", minutes = var.unbuilt_minutes }
  }

  channels = concat([for each in google_monitoring_notification_channel.email : each.id], var.more_channels)

  # A metric of lines has time series for each kind of resource that writes them, and PromQL wants
  # each to be named. What nobody wrote counts as none.
  writers = ["k8s_container", "gce_instance", "cloud_dataproc_job", "cloud_dataproc_batch", "cloud_dataproc_cluster"]

  series = {
    for key, metric in google_logging_metric.this :
    key => "logging_googleapis_com:user_${replace(metric.name, "/[^a-zA-Z0-9]/", "_")}"
  }

  minutes = merge(
    { for key in keys(local.told_when_counted) : key => 10 },
    { for key, each in local.told_when_absent : key => each.minutes },
  )

  lines = {
    for key, minutes in local.minutes : key => join(" + ", [
      for writer in local.writers :
      "(sum(increase(${local.series[key]}{monitored_resource=\"${writer}\"}[${minutes}m])) or vector(0))"
    ])
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.emails)

  display_name = "MusicFlow: ${each.value}"
  type         = "email"
  labels       = { email_address = each.value }
}

resource "google_monitoring_alert_policy" "counted" {
  for_each = local.told_when_counted

  display_name          = "MusicFlow: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query               = "${local.lines[each.key]} > 0"
      duration            = "0s"
      evaluation_interval = "60s"

      # The metrics are as new as this, and Google knows of them minutes later.
      disable_metric_validation = true
    }
  }

  alert_strategy {
    auto_close = "3600s"
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "MusicFlow: ${each.value.title}"
    content   = "What to do: ${var.runbook}#${each.value.anchor}"
  }
}

resource "google_monitoring_alert_policy" "absent" {
  for_each = local.told_when_absent

  display_name          = "MusicFlow: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query               = "${local.lines[each.key]} < 1"
      duration            = "300s"
      evaluation_interval = "60s"

      # The metrics are as new as this, and Google knows of them minutes later.
      disable_metric_validation = true
    }
  }

  alert_strategy {
    auto_close = "3600s"
  }

  documentation {
    mime_type = "text/markdown"
    subject   = "MusicFlow: ${each.value.title}"
    content   = "What to do: ${var.runbook}#${each.value.anchor}"
  }
}
