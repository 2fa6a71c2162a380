/* SPDX-License-Identifier: Apache-2.0 */
#include "rules_run.h"

#include "rules.h"

#include <nftables/libnftables.h>
#include <string.h>

/* One context for the life of this short process. */
static struct nft_ctx *context(void)
{
	static struct nft_ctx *only;

	if (!only) {
		only = nft_ctx_new(NFT_CTX_DEFAULT);
		if (only) {
			nft_ctx_buffer_error(only);
			nft_ctx_buffer_output(only);
		}
	}
	return only;
}

static int refuse(const char *words, struct failure *failure)
{
	const char *cause = strstr(words, "Error: ");

	cause = cause ? cause + strlen("Error: ") : *words ? words : "out of memory";
	int length = (int)strcspn(cause, "\n");
	if (strstr(words, "Operation not permitted")) {
		return fail(failure, "denied", "cannot set nftables rules: %.*s; run as root",
			    length, cause);
	}
	return fail(failure, strstr(words, "File exists") ? "conflict" : "io",
		    "cannot set nftables rules: %.*s; the kernel needs nf_tables with nat, "
		    "masquerade, fib and conntrack",
		    length, cause);
}

int rules_run(const struct text *text, struct failure *failure)
{
	struct nft_ctx *nft = context();

	if (!text->length) {
		return 0;
	}
	if (!nft) {
		return fail(failure, "io", "cannot set nftables rules: out of memory");
	}
	if (nft_run_cmd_from_buffer(nft, text->data) != 0) {
		return refuse(nft_ctx_get_error_buffer(nft), failure);
	}
	return 0;
}

int rules_ensure_base(int family, struct failure *failure)
{
	struct text text = {0};
	struct failure own = {0};

	rules_base(&text, family, NULL, 0);
	int result = rules_run(&text, &own);
	text_free(&text);
	if (result < 0 && strcmp(own.kind, "conflict") != 0) {
		*failure = own;
		return -1;
	}
	return 0;
}
