"""Who reads what is published."""

import yaml

from tests.dbt_project.warehouse import PROJECT


def test_every_reporting_table_is_for_the_dashboard():
    declared = yaml.safe_load((PROJECT / "models/exposures.yml").read_text())
    [dashboard] = declared["exposures"]

    tables = {f"ref('{file.stem}')" for file in (PROJECT / "models/reporting").glob("*.sql")}

    assert tables <= set(dashboard["depends_on"])
