"""Where Spark keeps its checkpoint: what its Hadoop must be told if that is in a bucket.

Rows and records go to the lake without Hadoop, by `contracts.store`; only checkpoints need it.
"""

from collections.abc import Mapping

from streaming.jars import SPARK_GCS, SPARK_S3, JarSet

_GCS = {
    "impl": "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFileSystem",
    # Hadoop brings defaults of its own under these names, which this connector cannot read.
    "block.size": str(64 * 2**20),
    "outputstream.buffer.size": str(8 * 2**20),
    "rewrite.max.chunk.size": str(512 * 2**20),
    "inputstream.inplace.seek.limit": str(8 * 2**20),
    "inputstream.min.range.request.size": str(2 * 2**20),
}


def jar_sets(checkpoints: str) -> tuple[JarSet, ...]:
    """What Java needs to reach this folder of checkpoints."""
    scheme = checkpoints.partition("://")[0]
    return {"gs": (SPARK_GCS,), "s3": (SPARK_S3,)}.get(scheme, ())


def url_for_spark(folder: str) -> str:
    """A folder's address as Hadoop writes it.

    >>> url_for_spark("s3://bucket/checkpoints")
    's3a://bucket/checkpoints'
    """
    return folder.replace("s3://", "s3a://", 1) if folder.startswith("s3://") else folder


def options(checkpoints: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Spark's options for this folder of checkpoints.

    Args:
        checkpoints: A folder, or its address in a bucket.
        environment: The standard variables that say where a storage other than Google's or
            Amazon's own is; credentials Java finds by itself, in the same places as others do.
    """
    if checkpoints.startswith("gs://"):
        found = _gcs(environment.get("STORAGE_EMULATOR_HOST", ""))
    elif checkpoints.startswith("s3://"):
        found = _s3(environment)
    else:
        found = {}
    return {f"spark.hadoop.{name}": value for name, value in found.items()}


def _gcs(emulator: str) -> dict[str, str]:
    told = {f"fs.gs.{name}": value for name, value in _GCS.items()}
    told["fs.AbstractFileSystem.gs.impl"] = "com.google.cloud.hadoop.fs.gcs.GoogleHadoopFS"
    if emulator:
        address = emulator if "://" in emulator else f"http://{emulator}"
        told |= {
            "fs.gs.storage.root.url": f"{address.rstrip('/')}/",
            "fs.gs.project.id": "emulated",
            # An emulator knows nobody.
            "fs.gs.auth.service.account.enable": "false",
            "fs.gs.auth.null.enable": "true",
        }
    return told


def _s3(environment: Mapping[str, str]) -> dict[str, str]:
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL", "")
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "")
    told = {"fs.s3a.endpoint.region": region} if region else {}
    if endpoint:
        told |= {
            "fs.s3a.endpoint": endpoint,
            "fs.s3a.path.style.access": "true",
            "fs.s3a.connection.ssl.enabled": str(endpoint.startswith("https:")).lower(),
        }
    return told
