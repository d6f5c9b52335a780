/*
 * Lets the user-mode Linux kernel run on processors with AMX, by standing in front of its ptrace().
 *
 * It hands registers to a guest's process as 2696 bytes: all that existed up to AVX-512 and PKRU. With AMX the host's
 * kernel wants the whole state (some 11 KiB) and refuses less with EFAULT, so no guest gets past its init. A guest
 * never has permission to use AMX: its part of the state is always the initial one, and zeros do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PEEK_FIRST 1
#define PEEK_LAST 3
#define GETREGSET 0x4204
#define SETREGSET 0x4205
#define NT_X86_XSTATE 0x202
#define XFEATURES_OFFSET 512
#define XFEATURES_UP_TO_PKRU 0x3ffUL

/* Static: the kernel's stacks are 16 KiB, and only one of its threads is in here at any time. */
static char state[65536] __attribute__((aligned(64)));
static size_t whole;

static long set_xstate(long pid, const struct iovec *given)
{
	struct iovec full = { state, sizeof(state) };
	unsigned long features;

	if (!whole) {
		long result = syscall(SYS_ptrace, GETREGSET, pid, NT_X86_XSTATE, &full);
		if (result < 0)
			return result;
		whole = full.iov_len;
		memset(state, 0, sizeof(state));
	}
	if (given->iov_len >= whole)
		return syscall(SYS_ptrace, SETREGSET, pid, NT_X86_XSTATE, given);
	memcpy(state, given->iov_base, given->iov_len);
	memcpy(&features, state + XFEATURES_OFFSET, sizeof(features));
	features &= XFEATURES_UP_TO_PKRU;
	memcpy(state + XFEATURES_OFFSET, &features, sizeof(features));
	full.iov_len = whole;
	return syscall(SYS_ptrace, SETREGSET, pid, NT_X86_XSTATE, &full);
}

long ptrace(int request, ...)
{
	va_list words;
	long pid, address, data, peeked, result;

	va_start(words, request);
	pid = va_arg(words, long);
	address = va_arg(words, long);
	data = va_arg(words, long);
	va_end(words);
	if (request == SETREGSET && address == NT_X86_XSTATE)
		return set_xstate((int)pid, (const struct iovec *)data);
	if (request < PEEK_FIRST || request > PEEK_LAST)
		return syscall(SYS_ptrace, request, (int)pid, address, data);
	result = syscall(SYS_ptrace, request, (int)pid, address, &peeked);
	if (result < 0)
		return result;
	errno = 0;
	return peeked;
}
