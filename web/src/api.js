/**
 * Sends one GraphQL request and returns the body of the answer. Without an answer it returns what a server would have
 * said: `{ errors: [{ message }] }`, in words for a person. Headers given win over the token.
 */
export async function send(request, token, headers = {}) {
  const all = new Headers({
    // Not application/graphql-response+json: with it, a mistake in a query is a failed load in the browser's console.
    Accept: 'application/json',
    'Content-Type': 'application/json',
  });
  if (token) all.set('Authorization', `Bearer ${token}`);
  for (const [name, value] of Object.entries(headers)) all.set(name, value);

  let response;
  try {
    response = await fetch('/graphql', { method: 'POST', headers: all, credentials: 'omit', body: JSON.stringify(request) });
  } catch {
    return failure('The server cannot be reached. Check the connection, then try again.');
  }
  try {
    return await response.json();
  } catch {
    return failure(`The server gave no GraphQL answer (HTTP status ${response.status}).`);
  }
}

/** Tells whether the server refused the token. */
export function isUnauthenticated(answer) {
  return Boolean(answer.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED'));
}

function failure(message) {
  return { errors: [{ message }] };
}
