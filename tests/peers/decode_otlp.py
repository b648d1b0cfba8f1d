# Copyright (c) 2026 The DefenseClaw authors
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.



"""Decodes bodies of OTLP requests with the published message definitions;
run by test_otlp.py in an environment that has them.

usage: decode_otlp.py json|protobuf FILE ...

Prints a line of JSON for each log record.  A member that the definitions do
not know is an error.
"""

import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import \
    ExportLogsServiceRequest


def main():
    for path in sys.argv[2:]:
        with open(path, 'rb') as f:
            data = f.read()
        if sys.argv[1] == 'json':
            m = json_format.Parse(data, ExportLogsServiceRequest())
        else:
            m = ExportLogsServiceRequest.FromString(data)
            # what was not understood would be kept for sending on
            if m.SerializeToString() and len(m.SerializeToString()) != \
                    len(data):
                sys.exit('%s: not as it would be written' % path)
            known = ExportLogsServiceRequest.FromString(data)
            known.DiscardUnknownFields()
            if known != m or known.ByteSize() != m.ByteSize():
                sys.exit('%s: has unknown fields' % path)
        for rl in m.resource_logs:
            resource = {a.key: a.value.string_value
                for a in rl.resource.attributes}
            for sl in rl.scope_logs:
                for r in sl.log_records:
                    row = {a.key: a.value.string_value
                        for a in r.attributes}
                    print(json.dumps({'resource': resource, 'attr': row,
                        'scope': sl.scope.name, 'body': r.body.string_value,
                        'time': r.time_unix_nano,
                        'observed': r.observed_time_unix_nano,
                        'number': r.severity_number,
                        'severity': r.severity_text}))


if __name__ == '__main__':
    main()
