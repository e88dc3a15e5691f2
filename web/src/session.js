import { useCallback, useEffect, useState } from 'react';
import { isUnauthenticated, send } from './api.js';

const TOKEN = 'appanage.token';

const SIGN_IN = `mutation SignIn($input: SessionCreateInput!) {
  sessionCreate(input: $input) { token session { id } errors { code message path } }
}`;
const SIGN_OUT = 'mutation SignOut { sessionDelete(input: {}) { errors { code message } } }';
const VIEWER = 'query Viewer { viewer { user { name } client { code name } } }';

/**
 * The session of this browser tab: its token, who that is (null until known), and a notice for the person. `recheck`
 * asks the server again; a token it no longer accepts is forgotten.
 */
export function useSession() {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN));
  const [viewer, setViewer] = useState(null);
  const [notice, setNotice] = useState('');
  const [checks, setChecks] = useState(0);
  const recheck = useCallback(() => setChecks((count) => count + 1), []);

  const remember = useCallback((next) => {
    if (next) sessionStorage.setItem(TOKEN, next);
    else sessionStorage.removeItem(TOKEN);
    setViewer(null);
    setToken(next);
  }, []);

  useEffect(() => {
    if (!token) return;
    let current = true;
    send({ query: VIEWER }, token).then((answer) => {
      if (!current) return;
      if (isUnauthenticated(answer)) {
        remember(null);
        setNotice('Your session has ended. Please sign in again.');
      } else {
        setViewer(answer.data?.viewer ?? null);
        setNotice(messages(answer.errors));
      }
    });
    return () => {
      current = false;
    };
  }, [token, checks, remember]);

  /** Returns the errors, `{ message, path? }` each; none when the person is signed in. */
  async function signIn(input) {
    const { data, errors = [] } = await send({ query: SIGN_IN, variables: { input } });
    const payload = data?.sessionCreate;
    if (payload?.token) {
      remember(payload.token);
      return [];
    }
    const all = [...errors, ...(payload?.errors ?? [])];
    return all.length ? all : [{ message: 'The server gave no session. Please try again.' }];
  }

  /** Forgets the token, whatever the server answers. */
  async function signOut() {
    const answer = await send({ query: SIGN_OUT }, token);
    const errors = isUnauthenticated(answer) ? [] : [...(answer.errors ?? []), ...(answer.data?.sessionDelete?.errors ?? [])];
    remember(null);
    setNotice(errors.length ? `The session may still be open on the server: ${messages(errors)}` : '');
  }

  return { token, viewer, notice, recheck, signIn, signOut };
}

function messages(errors = []) {
  return errors.map((error) => error.message).join(' ');
}
