"""What Python's huggingface_hub does with the cache, for shared-cache.ts, which starts it and says where everything is.

    python cache.py fill owner/name REVISION FILE ...      fetches files into the cache
    python cache.py read owner/name REVISION FILE ...      reads them, without a request
    python cache.py snapshot owner/name REVISION           the whole snapshot, without a request
    python cache.py scan                                   looks the whole cache over
    python cache.py delete COMMIT                          removes a revision

Prints JSON: SHA-256 of each file, or what the scan found.
"""

import hashlib
import json
import os
import sys

from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def main(command, *arguments):
    if command in ("fill", "read"):
        name, revision, *files = arguments
        only_local = command == "read"
        return {
            file: sha256(hf_hub_download(name, file, revision=revision, local_files_only=only_local))
            for file in files
        }
    if command == "snapshot":
        name, revision = arguments
        folder = snapshot_download(name, revision=revision, local_files_only=True)
        return {
            os.path.relpath(os.path.join(at, file), folder): sha256(os.path.join(at, file))
            for at, _, files in os.walk(folder)
            for file in files
        }
    cache = scan_cache_dir()
    if command == "delete":
        cache.delete_revisions(*arguments).execute()
        cache = scan_cache_dir()
    return {
        "warnings": [str(warning) for warning in cache.warnings],
        "bytes": cache.size_on_disk,
        "repositories": {
            repository.repo_id: {
                revision.commit_hash: [sorted(revision.refs), sorted(file.file_name for file in revision.files)]
                for revision in repository.revisions
            }
            for repository in cache.repos
        },
    }


print(json.dumps(main(*sys.argv[1:])))
