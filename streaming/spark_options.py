"""Spark's options that landing needs on any master: times, streaming, the workers' memory."""

# Spark's own list lacks those of Kafka's options that hold a password or a private key.
_SECRET_OPTIONS = "(?i)secret|password|token|access[.]?key|url|sasl|keystore"  # nosec B105  # noqa: S105 - names
# In the checkpoint: one would do, the others tell a person what happened last.
BATCHES_KEPT = 10

ON_ANY_MASTER = {
    "spark.app.name": "musicflow-landing",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
    "spark.redaction.regex": _SECRET_OPTIONS,
    "spark.sql.redaction.options.regex": _SECRET_OPTIONS,
    "spark.sql.streaming.stopTimeout": "15s",
    "spark.sql.streaming.minBatchesToRetain": str(BATCHES_KEPT),
    # One thread a task: Spark already runs as many tasks as there are cores.
    "spark.executorEnv.POLARS_MAX_THREADS": "1",
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    # Chunk after chunk takes the same memory: what is given back has to be cleared anew.
    "spark.executorEnv.ARROW_DEFAULT_MEMORY_POOL": "system",
    "spark.executorEnv.MALLOC_MMAP_THRESHOLD_": str(64 * 2**20),
    "spark.executorEnv.MALLOC_TRIM_THRESHOLD_": str(256 * 2**20),
    "spark.executorEnv._RJEM_MALLOC_CONF": "dirty_decay_ms:10000,muzzy_decay_ms:10000",
}
