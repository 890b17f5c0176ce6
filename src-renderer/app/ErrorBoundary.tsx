import { TriangleAlert } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';
import css from './App.module.css';

/** A view that breaks takes nothing else with it: the rail, the status bar and the agents go on. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div className={css.failed}>
        <Notice
          icon={<TriangleAlert />}
          tone="trouble"
          title="This view could not be shown"
          actions={<Button onClick={() => this.setState({ failed: false })}>Try again</Button>}
        >
          Sessions and agents go on; nothing was changed. The other views still work.
        </Notice>
      </div>
    );
  }
}
