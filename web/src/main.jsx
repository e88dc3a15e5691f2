import { DOC_EXPLORER_PLUGIN, DocExplorerContextProvider } from '@graphiql/plugin-doc-explorer';
import { HISTORY_PLUGIN, HistoryContextProvider } from '@graphiql/plugin-history';
import { GraphiQL, GraphiQLInterface, GraphiQLProvider } from 'graphiql';
import { useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import { isUnauthenticated, send } from './api.js';
import { ExamplesMenu } from './examples-menu.jsx';
import favicon from './favicon.svg';
import { useSession } from './session.js';
import { SignIn } from './sign-in.jsx';
import './style.css';

const PLUGINS = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];

const WELCOME = `# Choose one of the examples, or write a query here.
#
#   Ctrl-Enter      run it
#   Ctrl-Space      complete what is being typed
#   Shift-Ctrl-P    tidy the layout
`;

function App() {
  const { token, viewer, notice, recheck, signIn, signOut } = useSession();
  const [asking, setAsking] = useState(!token);

  // A new fetcher makes GraphiQL load the schema anew: each sign-in and sign-out may show another one.
  const fetcher = useMemo(() => async (request, { headers } = {}) => {
    const answer = await send(request, token, headers);
    if (token && isUnauthenticated(answer)) recheck();
    return answer;
  }, [token, recheck]);

  return (
    <GraphiQLProvider
      fetcher={fetcher}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      defaultQuery={WELCOME}
      inputValueDeprecation
      schemaDescription
    >
      <HistoryContextProvider>
        <DocExplorerContextProvider>
          <header>
            <h1><img src={favicon} alt="" /> Appanage <small>GraphQL explorer</small></h1>
            <ExamplesMenu />
            <p role="status">{notice}</p>
            <div className="account">
              {token && <Identity viewer={viewer} />}
              {token && <button onClick={signOut}>Sign out</button>}
              {!token && <button className="primary" onClick={() => setAsking(true)}>Sign in</button>}
            </div>
          </header>
          <main>
            <GraphiQLInterface defaultEditorToolsVisibility="variables">
              <GraphiQL.Logo>{null}</GraphiQL.Logo>
            </GraphiQLInterface>
          </main>
          {asking && <SignIn signIn={signIn} onClose={() => setAsking(false)} />}
        </DocExplorerContextProvider>
      </HistoryContextProvider>
    </GraphiQLProvider>
  );
}

function Identity({ viewer }) {
  const { user, client } = viewer ?? {};
  return (
    <span className="identity">
      <span className="visually-hidden">Signed in as </span>
      <strong>{user?.name ?? 'Signed in'}</strong>
      {client && <small>{client.name} ({client.code})</small>}
    </span>
  );
}

createRoot(document.getElementById('root')).render(<App />);
