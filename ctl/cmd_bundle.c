/*
 * Copyright (c) 2026 The DefenseClaw authors
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/secret.h"
#include "bundledir.h"
#include "conffile.h"
#include "pack.h"

/*
 * policy bundle: a rule pack signed on one host and put in force on others.
 */

#define MAX_NOTE	256
#define PUB_ENDING	".pub"

static struct bundle	bundle;

/* --- keys ----------------------------------------------------------------- */

/* guarded memory for a seed and the secret after it */
static uint8_t *
key_memory(void)
{
	uint8_t	*p = NULL;

	if (sodium_init() == -1 ||
	    (p = sodium_malloc(HEAD_SEED_LEN + HEAD_SECRET_LEN)) == NULL)
		out_fail(CTL_FAILURE, "no memory that can be guarded");
	return (p);
}

/* the directory that the file is to be in, and its name there */
static int
open_parent(const char *path, const char **name)
{
	char	 dir[PATH_MAX], *slash;

	if (strlcpy(dir, path, sizeof(dir)) >= sizeof(dir)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	if ((slash = strrchr(dir, '/')) == NULL) {
		*name = path;
		strlcpy(dir, ".", sizeof(dir));
	} else {
		*name = path + (slash - dir) + 1;
		slash[slash == dir] = '\0';
	}
	return (open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/* both, or neither; what is there stays */
static int
write_keys(const char *path, const uint8_t *seed, const uint8_t *pub)
{
	char		 text[MAX_DEVICE_KEY], err[MAX_CONFFILE_ERR];
	char		 pubname[NAME_MAX];
	const char	*name;
	size_t		 len;
	int		 dir, rc;

	if ((dir = open_parent(path, &name)) == -1)
		return (out_fail(errno == EACCES ? CTL_PERMISSION :
		    CTL_NOT_FOUND, "%s: %s", path, strerror(errno)));
	if (snprintf(pubname, sizeof(pubname), "%s" PUB_ENDING, name) >=
	    (int)sizeof(pubname) || name[0] == '\0') {
		close(dir);
		return (out_fail(CTL_USAGE, "%s: no name of a file", path));
	}
	len = device_key_text(seed, text);
	rc = file_write_atomic(dir, name, text, len, 0600, (uid_t)-1,
	    (gid_t)-1, FILE_NOREPLACE, err, sizeof(err));
	explicit_bzero(text, sizeof(text));
	if (rc == 0) {
		len = device_pub_text(pub, text);
		rc = file_write_atomic(dir, pubname, text, len, 0644,
		    (uid_t)-1, (gid_t)-1, FILE_NOREPLACE, err, sizeof(err));
		if (rc == -1) {
			rc = errno;
			(void)unlinkat(dir, name, 0);
			errno = rc;
			rc = -1;
		}
	}
	close(dir);
	if (rc == 0)
		return (CTL_OK);
	return (errno == EEXIST ? out_fail(CTL_ALREADY, "%s or %s" PUB_ENDING
	    " is there already: a key is never replaced", path, path) :
	    out_fail(errno == EACCES ? CTL_PERMISSION : CTL_FAILURE, "%s: %s",
	    path, err));
}

int
cmd_bundle_keygen(struct ctl *c)
{
	uint8_t		 pub[CHAIN_KEY_LEN], id[CHAIN_DEVICE_LEN], *seed;
	char		 hex[2 * CHAIN_DEVICE_LEN + 1];
	const char	*path = cmd_value(c, O_OUT);
	int		 rc;

	if (strcmp(path, "-") == 0)
		return (out_fail(CTL_USAGE, "a secret key is not printed: "
		    "--out names a file"));
	if ((seed = key_memory()) == NULL)
		return (CTL_FAILURE);
	randombytes_buf(seed, HEAD_SEED_LEN);
	device_key_expand(seed, pub, seed + HEAD_SEED_LEN);
	rc = write_keys(path, seed, pub);
	sodium_free(seed);
	if (rc != CTL_OK)
		return (rc);
	chain_device(pub, id);
	sodium_bin2hex(hex, sizeof(hex), id, sizeof(id));
	if (out_json)
		out_document(json_pack("{s:s,s:s+,s:s}", "secret", path,
		    "public", path, PUB_ENDING, "key", hex));
	else {
		out_field("key", "%s", hex);
		printf("%s signs: keep it off the hosts. %s" PUB_ENDING " goes "
		    "into policies/trusted/ of each host that is to trust "
		    "it\n", out_safe(path), out_safe(path));
	}
	return (CTL_OK);
}

/* the secret of the file, after its seed; sodium_free()d by the caller */
static int
read_key(const char *path, uint8_t **key)
{
	struct secret	 s;
	struct stat	 st;
	uint8_t		 pub[CHAIN_KEY_LEN];
	char		 err[160];
	int		 fd, rc;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		return (out_fail(errno == ENOENT ? CTL_NOT_FOUND : errno ==
		    EACCES ? CTL_PERMISSION : CTL_FAILURE, "%s: %s", path,
		    strerror(errno)));
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 ||
	    (st.st_uid != 0 && st.st_uid != geteuid())) {
		close(fd);
		return (out_fail(CTL_PERMISSION, "%s: a key that signs is a "
		    "file of root's or ours that nobody else can read: run "
		    "chmod 600 on it", path));
	}
	if ((*key = key_memory()) == NULL) {
		close(fd);
		return (CTL_FAILURE);
	}
	if (secret_read(fd, &s) == -1) {
		sodium_free(*key);
		return (out_fail(CTL_CONFIG, "%s: %s", path,
		    strerror(errno)));
	}
	rc = device_key_parse(s.data, s.len, *key, err, sizeof(err));
	secret_free(&s);
	if (rc == 0) {
		device_key_expand(*key, pub, *key + HEAD_SEED_LEN);
		return (CTL_OK);
	}
	sodium_free(*key);
	return (out_fail(CTL_CONFIG, "%s: %s", path, err));
}

/* --- sign ----------------------------------------------------------------- */

/* the pack of the directory, and how it is to be called */
static int
gather(const char *dir, const char *version)
{
	char	real[PATH_MAX], err[MAX_BUNDLE_ERR];

	if (options_number(version, 1, MAX_BUNDLE_VERSION,
	    &bundle.version) == -1)
		return (out_fail(CTL_USAGE, "%s is no version: a number from "
		    "1, higher than the one before", version));
	if (realpath(dir, real) == NULL)
		return (out_fail(errno == EACCES ? CTL_PERMISSION :
		    CTL_NOT_FOUND, "%s: %s", dir, strerror(errno)));
	if (strlcpy(bundle.name, strrchr(real, '/') + 1,
	    sizeof(bundle.name)) >= sizeof(bundle.name) ||
	    !bundle_name_ok(bundle.name))
		return (out_fail(CTL_USAGE, "%s: a pack that is signed has a "
		    "name of at most %d letters, digits, dots, dashes and "
		    "underscores", real, MAX_BUNDLE_NAME));
	bundle.time = (uint64_t)time(NULL);
	if (bundle_pack_read(real, &bundle, err, sizeof(err)) == -1)
		return (out_fail(errno == EACCES ? CTL_PERMISSION :
		    CTL_CONFIG, "%s: %s", real, err));
	return (CTL_OK);
}

static int
write_bundle(const char *path, const uint8_t *data, size_t len)
{
	struct outfile	o;
	int		bad;

	if (outfile_open(&o, path) == -1)
		return (CTL_FAILURE);
	bad = fwrite(data, 1, len, o.f) != len;
	return (outfile_close(&o, !bad) == -1 || bad ? CTL_FAILURE : CTL_OK);
}

/* as JSON or in lines; what is a sentence on it */
static void
describe(const char *path, const char *what)
{
	char		 hex[2 * CHAIN_DEVICE_LEN + 1], at[32];
	json_t		*files = json_array();
	struct tm	 tm;
	time_t		 t = (time_t)bundle.time;
	size_t		 i;

	sodium_bin2hex(hex, sizeof(hex), bundle.signer,
	    sizeof(bundle.signer));
	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		strlcpy(at, "-", sizeof(at));
	for (i = 0; i < bundle.nfiles; i++)
		json_array_append_new(files, json_pack("{s:s,s:I}", "path",
		    bundle.file[i].path, "bytes",
		    (json_int_t)bundle.file[i].len));
	if (out_json) {
		out_document(json_pack("{s:s,s:s,s:I,s:s,s:s,s:o}", "file",
		    path, "pack", bundle.name, "version",
		    (json_int_t)bundle.version, "time", at, "key", hex,
		    "files", files));
		return;
	}
	out_field("pack", "%s", bundle.name);
	out_field("version", "%llu", (unsigned long long)bundle.version);
	out_field("signed", "%s", at);
	out_field("key", "%s", hex);
	for (i = 0; i < bundle.nfiles; i++)
		out_field(i == 0 ? "files" : "", "%s", bundle.file[i].path);
	printf("%s: %s\n", out_safe(path), what);
	json_decref(files);
}

int
cmd_bundle_sign(struct ctl *c)
{
	const char	*path = cmd_value(c, O_OUT);
	char		 err[MAX_BUNDLE_ERR];
	uint8_t		*key = NULL, *data = NULL;
	size_t		 len;
	int		 rc;

	if (strcmp(path, "-") == 0 && out_json)
		return (out_fail(CTL_USAGE, "--json needs a file for --out"));
	if ((rc = read_key(cmd_value(c, O_KEY), &key)) != CTL_OK)
		return (rc);
	if ((rc = gather(c->args[0], c->args[1])) == CTL_OK &&
	    (data = bundle_make(&bundle, key + HEAD_SEED_LEN, &len, err,
	    sizeof(err))) == NULL)
		rc = out_fail(CTL_FAILURE, "the bundle %s", err);
	sodium_free(key);
	if (data != NULL && (rc = write_bundle(path, data, len)) == CTL_OK &&
	    strcmp(path, "-") != 0)
		describe(path, "signed");
	free(data);
	bundle_pack_free(&bundle);
	return (rc);
}

/* --- verify, activate ----------------------------------------------------- */

static int
fault_code(enum bundle_fault f)
{
	switch (f) {
	case BUNDLE_OK:
		return (CTL_OK);
	case BUNDLE_UNSIGNED:
	case BUNDLE_UNTRUSTED:
	case BUNDLE_FORGED:
		return (CTL_POLICY);
	case BUNDLE_MALFORMED:
	case BUNDLE_TRUNCATED:
	case BUNDLE_TRAILING:
	case BUNDLE_TWICE:
		break;
	}
	return (CTL_CONFIG);
}

static int
slurp(const char *path, char **data, size_t *len)
{
	struct stat	 st;
	char		 err[MAX_CONFFILE_ERR];
	int		 fd, rc;

	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		return (out_fail(errno == ENOENT ? CTL_NOT_FOUND : errno ==
		    EACCES ? CTL_PERMISSION : CTL_FAILURE, "%s: %s", path,
		    strerror(errno)));
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_BUNDLE_SIZE) {
		close(fd);
		return (out_fail(CTL_CONFIG, "%s: no regular file, or larger "
		    "than any bundle", path));
	}
	rc = conffile_read(fd, MAX_BUNDLE_SIZE, data, len, err, sizeof(err));
	close(fd);
	return (rc == 0 ? CTL_OK : out_fail(CTL_FAILURE, "%s: %s", path,
	    err));
}

/* the bundle of the command line, verified; its bytes are the caller's */
static int
open_bundle(struct ctl *c, char **data)
{
	static struct bundle_keys keys;
	const char		*path = c->args[0];
	char			 err[MAX_BUNDLE_ERR + PATH_MAX];
	size_t			 len;
	int			 f, rc;

	*data = NULL;
	if (sodium_init() == -1)
		return (out_fail(CTL_FAILURE, "libsodium cannot be used"));
	if (bundle_trusted(&c->paths, &keys, err, sizeof(err)) == -1)
		return (out_fail(errno == EACCES ? CTL_PERMISSION :
		    CTL_CONFIG, "%s", err));
	if ((rc = slurp(path, data, &len)) != CTL_OK)
		return (rc);
	f = bundle_read(&bundle, (const uint8_t *)*data, len, &keys, err,
	    sizeof(err));
	return (f == BUNDLE_OK ? CTL_OK : out_fail(fault_code(f), "%s %s",
	    path, err));
}

int
cmd_bundle_verify(struct ctl *c)
{
	char	*data;
	int	 rc;

	if ((rc = open_bundle(c, &data)) == CTL_OK)
		describe(c->args[0], "signed by a trusted key, and whole");
	free(data);
	return (rc);
}

/* in pack_activate(): the configuration is about to be written */
static int
remember(void *arg, char *err, size_t errlen)
{
	return (bundle_remember(arg, &bundle, err, errlen));
}

/* unpacked and tried where nothing looks for a pack, then given its name */
static int
unpack(struct ctl *c, const struct conf *conf, const struct bundle_dirs *d,
    struct pack *p, char *note, size_t notelen)
{
	char	 err[MAX_BUNDLE_ERR];
	json_t	*report;
	int	 rc;

	if (bundle_unpack(&c->paths, &bundle, d, err, sizeof(err)) == -1)
		return (out_fail(errno == EACCES ? CTL_PERMISSION :
		    CTL_FAILURE, "%s", err));
	strlcpy(p->dir, d->tmp_pack, sizeof(p->dir));
	strlcpy(p->name, bundle.name, sizeof(p->name));
	if ((rc = pack_report(c, conf, p, &report)) != CTL_OK)
		return (rc);
	if (pack_failed(report) != 0)
		rc = out_fail(CTL_POLICY, "%s: %lld of its own vectors fail, "
		    "nothing is changed", c->args[0],
		    (long long)pack_failed(report));
	snprintf(note, notelen, "bundle %s version %llu, %lld rules, %.12s",
	    bundle.name, (unsigned long long)bundle.version,
	    (long long)json_integer_value(json_object_get(report, "loaded")),
	    json_string_value(json_object_get(report, "hash")));
	json_decref(report);
	if (rc != CTL_OK)
		return (rc);
	if (bundle_keep(d, err, sizeof(err)) == -1)
		return (out_fail(CTL_FAILURE, "%s", err));
	strlcpy(p->dir, d->pack, sizeof(p->dir));
	return (CTL_OK);
}

int
cmd_bundle_activate(struct ctl *c)
{
	static struct conf	 conf;
	struct bundle_dirs	 d;
	struct pack		 p, was;
	char			 err[MAX_BUNDLE_ERR], note[MAX_NOTE], *data;
	int			 rc;

	if ((rc = config_need(c, &conf)) != CTL_OK)
		return (rc);
	if ((rc = open_bundle(c, &data)) != CTL_OK) {
		free(data);
		return (rc);
	}
	memset(&p, 0, sizeof(p));
	memset(&was, 0, sizeof(was));
	if (paths_rule_pack(&c->paths, &conf, was.dir, sizeof(was.dir)) == -1)
		rc = out_fail(CTL_CONFIG, "guardrail.rule_pack_dir is too "
		    "long");
	else if (bundle_dirs_open(&c->paths, &bundle, &d, err, sizeof(err)) ==
	    -1)
		rc = out_fail(errno == EACCES ? CTL_PERMISSION : CTL_FAILURE,
		    "%s", err);
	else {
		if (!bundle_may_follow(&d, &bundle, err, sizeof(err)))
			rc = out_fail(CTL_POLICY, "%s %s", c->args[0], err);
		else if ((rc = unpack(c, &conf, &d, &p, note, sizeof(note))) ==
		    CTL_OK)
			rc = pack_activate(c, &p, &was, note, remember, &d);
		bundle_dirs_close(&d);
	}
	free(data);
	return (rc);
}
