resource "google_logging_metric" "this" {
  for_each = merge(local.alert_lines, local.other_lines)

  name        = "${var.name}/${each.key}"
  description = "Lines of MusicFlow's log: ${each.key}."
  filter      = each.value

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}
