import { ChevronDownIcon, DropdownMenu, useEditorContext } from '@graphiql/react';
import { useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';

/** The menu of example queries; one that is chosen opens in a tab of its own, ready to run. */
export function ExamplesMenu() {
  const { addTab, queryEditor, variableEditor } = useEditorContext({ nonNull: true });
  const [examples, setExamples] = useState([]);
  const [failed, setFailed] = useState(false);
  const chosen = useRef(false);

  useEffect(() => {
    fetch('/explorer/examples.json')
      .then((response) => response.json())
      .then(setExamples, () => setFailed(true));
  }, []);

  function open({ query, variables }) {
    // The new tab fills the editors while it renders: the example has to come after that.
    flushSync(addTab);
    queryEditor.setValue(query);
    variableEditor.setValue(variables);
    chosen.current = true;
  }

  function placeFocus(event) {
    if (!chosen.current) return;
    chosen.current = false;
    event.preventDefault();
    queryEditor.focus();
  }

  if (failed) return <span className="error">The examples could not be loaded.</span>;
  return (
    <DropdownMenu>
      <DropdownMenu.Button className="button" disabled={!examples.length || !queryEditor || !variableEditor}>
        Examples <ChevronDownIcon aria-hidden="true" />
      </DropdownMenu.Button>
      <DropdownMenu.Content className="examples" onCloseAutoFocus={placeFocus}>
        {examples.map((example) => (
          <DropdownMenu.Item key={example.name} onSelect={() => open(example)}>{example.name}</DropdownMenu.Item>
        ))}
      </DropdownMenu.Content>
    </DropdownMenu>
  );
}
