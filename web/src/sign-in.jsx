import { useEffect, useRef, useState } from 'react';

/** The sign-in form, a modal dialog while it is mounted. `signIn(input)` resolves to errors, none on success. */
export function SignIn({ signIn, onClose }) {
  const dialog = useRef(null);
  const [errors, setErrors] = useState([]);
  const [busy, setBusy] = useState(false);

  useEffect(() => dialog.current.showModal(), []);

  async function submit(event) {
    event.preventDefault();
    const { identifier, password, clientCode } = Object.fromEntries(new FormData(event.target));
    setBusy(true);
    const found = await signIn({ identifier, password, clientCode: clientCode.trim() || undefined });
    setBusy(false);
    setErrors(found);
    if (!found.length) dialog.current.close();
  }

  const fieldOf = (error) => FIELDS.find((field) => field.name === error.path?.at(-1));
  const general = errors.filter((error) => !fieldOf(error));

  return (
    <dialog ref={dialog} className="sign-in" aria-labelledby="sign-in-title" onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id="sign-in-title">Sign in</h2>
        <p>The explorer then asks on your behalf. This browser tab alone keeps the session.</p>
        <div role="alert">
          {general.map((error, i) => (
            <p key={i} className="error">{error.message}</p>
          ))}
        </div>
        {FIELDS.map(({ name, label, hint, ...input }) => {
          const wrong = errors.filter((error) => fieldOf(error)?.name === name);
          return (
            <div key={name} className="field">
              <label htmlFor={name}>{label}{hint && <small> {hint}</small>}</label>
              <input
                id={name}
                name={name}
                spellCheck={false}
                autoCapitalize="none"
                aria-invalid={wrong.length > 0}
                aria-describedby={`${name}-error`}
                {...input}
              />
              <div id={`${name}-error`} role="alert" className="error">{wrong.map((error) => error.message).join(' ')}</div>
            </div>
          );
        })}
        <div className="actions">
          <button type="button" onClick={() => dialog.current.close()}>Not now</button>
          <button className="primary" disabled={busy}>{busy ? 'Signing in…' : 'Sign in'}</button>
        </div>
      </form>
    </dialog>
  );
}

const FIELDS = [
  { name: 'identifier', label: 'Identifier', hint: 'user name, e-mail or phone', autoComplete: 'username', required: true },
  { name: 'password', label: 'Password', type: 'password', autoComplete: 'current-password', required: true },
  { name: 'clientCode', label: 'Client code', hint: 'optional', autoComplete: 'organization' },
];
