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

#ifndef CTL_MCP_H
#define CTL_MCP_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/frame.h"
#include "common/proto.h"
#include "hook.h"

/*
 * The gate between an MCP client and a server on its standard input and
 * output: JSON-RPC 2.0, one message a line (Model Context Protocol
 * 2025-06-18, stdio transport).
 *
 * Two processes: the first starts the server, asks gatewayd and keeps
 * records; the second, confined to the descriptors it has, reads what both
 * sides say.  A message passes byte for byte or not at all.
 */

#define MAX_MCP_LINE	(MAX_HOOK_INPUT - 4096)	/* room for what is beside */
#define MAX_MCP_VALUES	(256 * 1024)	/* JSON values of a message */
#define MAX_MCP_MEMBERS	64		/* of a message, and of params */
#define MAX_MCP_ID	128		/* bytes of an id as JSON */
#define MAX_MCP_METHOD	128		/* bytes */
#define MAX_MCP_PENDING	1024		/* requests of a side unanswered */
#define MAX_MCP_QUIET	256		/* bytes that may go unasked */
#define MAX_MCP_SESSION	32

/* JSON-RPC 2.0, 5.1, and of those it leaves to a server one of our own */
#define RPC_PARSE	(-32700)
#define RPC_INVALID	(-32600)
#define RPC_BLOCKED	(-32090)

enum rpc_kind {
	RPC_BAD,
	RPC_REQUEST,
	RPC_NOTIFICATION,
	RPC_RESULT,
	RPC_ERROR
};

struct rpc {
	enum rpc_kind	 kind;
	char		 id[MAX_MCP_ID];	/* as JSON; "null": none */
	const char	*method;		/* NULL: an answer */
	const json_t	*body;			/* params, result or error */
	json_t		*msg;
	int		 code;			/* of RPC_BAD, and why */
	char		 why[MAX_JSON_ERR];
};

/*
 * Reads one message.  What two readers may take for two messages is bad: the
 * same key twice, also in other case where the protocol reads it, members
 * that JSON-RPC has not, an array of messages.
 */
void	 rpc_read(struct rpc *, const char *, size_t);
void	 rpc_free(struct rpc *);

/* JSON of an error answer, malloc'd with its newline; NULL: no memory */
char	*rpc_error(const char *, int, const char *);

/*
 * Finds the id in the text of a message that is not read, too long or
 * broken, so that its error reaches who waits; "null" when in doubt.
 */
struct rpc_scan {
	int	 depth;
	int	 quoted;
	int	 escaped;
	int	 key;			/* a string now is a key */
	int	 is_id;			/* the value under way is */
	int	 found;			/* ids */
	size_t	 len;
	char	 text[MAX_MCP_ID];	/* key or value under way */
	char	 id[MAX_MCP_ID];
};
void	 rpc_scan(struct rpc_scan *, const char *, size_t);
void	 rpc_scan_id(struct rpc_scan *, char [MAX_MCP_ID]);

/*
 * Lines of a stream, but blank ones.  The callback has a whole line without
 * its newline; or NULL, and the reason and id of one that is too long or was
 * cut off.
 */
typedef void	 rpc_line(void *, const char *, size_t, const char *,
		    const char *);
struct rpc_in {
	struct wbuf	 line;
	struct rpc_scan	 scan;
	int		 skip;		/* to its end: it is too long */
};
void	 rpc_in_init(struct rpc_in *);
void	 rpc_in_free(struct rpc_in *);
void	 rpc_in_take(struct rpc_in *, const char *, size_t, rpc_line *,
	    void *);
void	 rpc_in_end(struct rpc_in *, rpc_line *, void *);

/* between the two processes: kind, length, bytes; blocking */
enum mcp_kind {
	MCP_ASK,	/* route, NUL, body of a request */
	MCP_ANSWER,	/* int32 HTTP status and body; 0: what went wrong */
	MCP_SPOOL,	/* JSON of a row; the answer's status is 200 or 0 */
	MCP_GONE	/* the server has ended */
};
#define MAX_MCP_FRAME	(MAX_HOOK_INPUT + 64 * 1024)
int	 mcp_send(int, enum mcp_kind, const void *, size_t, const void *,
	    size_t);
/* the kind, with the bytes malloc'd and a NUL after them; -1: end, errno */
int	 mcp_recv(int, char **, size_t *);

/* the confined process, which never returns */
struct mcp_gate {
	const char	*name;		/* the server's */
	const char	*session;
	int		 open;		/* --fail-mode open */
	int		 asker;		/* the other process */
	int		 to_server;
	int		 from_server;
	int		 gone;		/* the server has ended */
	json_t		*tools;		/* said so far, or NULL */
	int		 changed;	/* they are not as they were pinned */
};
void	 mcp_gate(struct mcp_gate *, pid_t) __attribute__((noreturn));
/* gives up all but its descriptors; 0, or -1 with a reason */
int	 mcp_confine(pid_t, char *, size_t);

/* mcpask.c: what is asked about a message; the gate's half of it */
enum mcp_ask { ASK_NOTHING, ASK_CALL, ASK_RESULT, ASK_PINS };
struct mcp_question {
	enum mcp_ask	 ask;
	const char	*tool;		/* or method */
	const json_t	*body;		/* params, result or error */
	const char	*pins;		/* ASK_PINS: the whole question */
};
/* 0: it may pass; -1: not, and why */
int	 mcp_ask(struct mcp_gate *, const struct mcp_question *,
	    char [MAX_HOOK_REASON]);

/*
 * mcppins.c: a page of the answer to tools/list, and the end of a list that
 * was not read to its end.  0, or -1 and why it may not pass.
 */
int	 mcp_pins_page(struct mcp_gate *, const json_t *, int,
	    char [MAX_HOOK_REASON]);
int	 mcp_pins_end(struct mcp_gate *, char [MAX_HOOK_REASON]);

#endif /* CTL_MCP_H */
