"""moto's server with one put at a time.

moto looks whether an object stands and then stores it, with other threads in between; Amazon does
both at once, which is what a conditional put is for.
"""

from functools import wraps
from threading import Lock
from typing import Any

from moto.s3.responses import S3Response
from moto.server import main

if __name__ == "__main__":
    one_at_a_time, put = Lock(), S3Response.put_object

    @wraps(put)
    def put_alone(response: S3Response) -> Any:
        with one_at_a_time:
            return put(response)

    S3Response.put_object = put_alone
    main()
