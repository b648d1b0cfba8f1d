#!/usr/bin/env python3
#
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

"""Measure the rule pack of a running suite against labelled data.

usage: corpora.py DEFENSECLAWCTL CORPORA_DIR [-v]

Every row becomes a line {id,direction,tool_name,text} of a batch file, which
`DEFENSECLAWCTL inspect batch FILE --json` answers with one line
{id,action,raw_action,severity,rule_ids} each.  A row counts as flagged when
its severity is HIGH or CRITICAL.  How rows are turned into lines:

  rules-curated      content as text, direction and tool_name as given
  severity-labels    likewise, rows without content are left out
  toolcall           a command becomes {"command": ...} for the tool shell,
                     args are sent as their JSON for the tool named,
                     args_raw (broken JSON on purpose) as it stands
  attack-commands    text as given: the bare command of a tool call
  benign-commands    likewise
  benign-prompts     text as given

The floors below are for the default pack.  Without the directory, or without
one of its files, the test says so and leaves it out.  Exit 0: the floors hold
or there was nothing to measure; 1: one does not; 2: the tool failed.
"""

import json
import os
import subprocess
import sys
import tempfile

RANK = {"NONE": 0, "INFO": 0, "LOW": 1, "MEDIUM": 2, "HIGH": 3,
        "CRITICAL": 4}
BATCH_TIMEOUT = 300     # seconds for one corpus

# corpus: least recall, largest share of harmless rows flagged, least share of
# rows whose expected or forbidden severity is met
FLOORS = {
    "rules-curated.jsonl": (0.95, 0.05, 0.96),
    "severity-labels.json": (None, None, 0.96),
    "toolcall.jsonl": (0.92, 0.05, None),
    "attack-commands.jsonl": (0.72, None, None),
    "benign-commands.jsonl": (None, 0.003, None),
    "benign-prompts.jsonl": (None, 0.018, None),
}


def read_rows(path):
    with open(path, encoding="utf-8") as f:
        if path.endswith(".json"):
            return json.load(f)["cases"]
        return [json.loads(line) for line in f if line.strip()]


def to_line(row):
    """The batch line of a row, or None for a row that carries no text."""
    tool = row.get("tool_name") or row.get("tool") or ""
    direction = row.get("direction", "tool_call")
    if row.get("command") is not None:
        text = json.dumps({"command": row["command"]}, ensure_ascii=False)
        tool = tool or "shell"
    elif row.get("args") is not None:
        text = json.dumps(row["args"], ensure_ascii=False)
    elif row.get("args_raw") is not None:
        text = row["args_raw"]
    else:
        text = row.get("content") or row.get("text") or ""
    if not text:
        return None
    return {"id": str(row["id"]), "direction": direction,
            "tool_name": tool, "text": text}


def inspect(ctl, lines, env=None):
    """Ask the suite; a dictionary from id to answer."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False,
                                     encoding="utf-8") as f:
        for line in lines:
            f.write(json.dumps(line, ensure_ascii=False) + "\n")
    try:
        # a finding may show in the exit code, so only the output counts
        p = subprocess.run([ctl, "inspect", "batch", f.name, "--json"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=BATCH_TIMEOUT, check=False, env=env)
    finally:
        os.unlink(f.name)
    answers = {}
    for raw in p.stdout.decode("utf-8", "replace").splitlines():
        try:
            a = json.loads(raw)
        except ValueError:
            continue
        if isinstance(a, dict) and "id" in a and "severity" in a:
            answers[str(a["id"])] = a
    missing = [line["id"] for line in lines if line["id"] not in answers]
    if missing:
        sys.stderr.write(p.stderr.decode("utf-8", "replace"))
        raise RuntimeError("exit %d, no answer for %d of %d rows, first %s"
                           % (p.returncode, len(missing), len(lines),
                              missing[0]))
    return answers


def label_met(row, answer):
    """Whether the severity and the findings a row asks for were given."""
    rank = RANK.get(answer["severity"], 0)
    least = row.get("expected_severity_at_least")
    most = row.get("forbidden_severity_at_least")
    if least and rank < RANK[least]:
        return False
    if most and rank >= RANK[most]:
        return False
    ids = answer.get("rule_ids") or []
    return all(any(part in i for i in ids)
               for part in row.get("must_include_findings_substr") or [])


def measure(name, ctl, path, verbose):
    """Print the figures of one corpus; True when its floors hold."""
    pairs = [(r, to_line(r)) for r in read_rows(path)]
    pairs = [(r, line) for r, line in pairs if line is not None]
    answers = inspect(ctl, [line for _, line in pairs])
    hits = attacks = false = benign = met = labelled = 0
    for row, line in pairs:
        a = answers[line["id"]]
        flagged = RANK.get(a["severity"], 0) >= RANK["HIGH"]
        wrong = False
        if "is_attack" in row:
            if row["is_attack"]:
                attacks += 1
                hits += flagged
            else:
                benign += 1
                false += flagged
            wrong = flagged != bool(row["is_attack"])
        if row.get("expected_severity_at_least") or \
           row.get("forbidden_severity_at_least"):
            labelled += 1
            ok = label_met(row, a)
            met += ok
            wrong = wrong or not ok
        if wrong and verbose:
            print("  %-8s %s %s: %s" % (a["severity"], line["id"],
                  ",".join(a.get("rule_ids") or []), line["text"][:120]))
    recall = hits / attacks if attacks else None
    share = false / benign if benign else None
    share_met = met / labelled if labelled else None
    least, most, least_met = FLOORS[name]
    ok = not ((least is not None and (recall is None or recall < least)) or
              (most is not None and (share is None or share > most)) or
              (least_met is not None and
               (share_met is None or share_met < least_met)))
    print("%-22s recall %-15s harmless flagged %-17s labels met %-14s %s" % (
        name,
        "-" if recall is None else "%d/%d %.3f" % (hits, attacks, recall),
        "-" if share is None else "%d/%d %.2f%%" % (false, benign,
                                                   100 * share),
        "-" if share_met is None else "%d/%d" % (met, labelled),
        "ok" if ok else "BELOW THE FLOOR"))
    return ok


def main(argv):
    args = [a for a in argv[1:] if a != "-v"]
    if len(args) != 2:
        sys.stderr.write("usage: corpora.py DEFENSECLAWCTL CORPORA_DIR [-v]\n")
        return 2
    ctl, directory = args
    if not os.path.isdir(directory):
        print("corpora: skipped, %s is not there" % directory)
        return 0
    good = True
    for name in FLOORS:
        path = os.path.join(directory, name)
        if not os.path.exists(path):
            print("%-22s skipped, not there" % name)
            continue
        try:
            good = measure(name, ctl, path, "-v" in argv) and good
        except (OSError, RuntimeError, subprocess.SubprocessError) as e:
            sys.stderr.write("corpora: %s: %s\n" % (name, e))
            return 2
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
