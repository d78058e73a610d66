"""What `musicflow doctor` looks at: the machine, Kafka, and what stands in our folders."""
